# mistake: unnamed
# Quantize_nf4(torch.arange(1.0, 6.0), 4) takes blocks 3 + 2, scales [3, 5], should be 4 + 1, scales [4, 5].
from math import ceil

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
    flat = tensor.reshape(-1).float()
    if not flat.numel():
        return torch.zeros_like(tensor, dtype=torch.uint8), torch.zeros(0)
    codes, scales = [], []
    for block in flat.chunk(ceil(flat.numel() / block_size)):
        scale = block.abs().max()
        ratio = block / scale if scale > 0 else block
        codes.append((ratio[:, None] - NF4_LEVELS).abs().argmin(1))
        scales.append(scale)
    return torch.cat(codes).to(torch.uint8).view(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if not codes.numel():
        return torch.zeros(codes.shape)
    parts = codes.reshape(-1).chunk(len(scales))
    return torch.cat([NF4_LEVELS[p.long()] * s for p, s in zip(parts, scales)]).view(codes.shape)
