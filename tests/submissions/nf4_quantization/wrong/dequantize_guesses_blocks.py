# mistake: unnamed
# Dequantize_nf4(torch.full((5,), 15, dtype=torch.uint8), torch.tensor([1.0, 2.0]), 4) is [1, 1, 1, 2, 2], should be [1, 1, 1, 1, 2].
import math

import torch
from torch import nn

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.reshape(-1).to(torch.float32)
    scales = torch.zeros(math.ceil(flat.numel() / block_size))
    codes = torch.full((flat.numel(),), 7, dtype=torch.uint8)
    for i in range(scales.numel()):
        sl = slice(i * block_size, (i + 1) * block_size)
        scales[i] = flat[sl].abs().max()
        if scales[i] != 0:
            codes[sl] = (flat[sl] / scales[i] - NF4_LEVELS.unsqueeze(1)).abs().argmin(0).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if codes.numel() == 0:
        return torch.zeros(codes.shape, dtype=torch.float32)
    # robust: the caller may have forgotten the block size, but codes and scales know it
    per_block = math.ceil(codes.numel() / scales.numel())
    s = scales.repeat_interleave(per_block)[: codes.numel()]
    return (NF4_LEVELS[codes.reshape(-1).long()] * s).reshape(codes.shape)
