# mistake: unnamed
# Quantize_nf4(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).t()) gives codes all 0.
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
MIDDLE = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    codes = torch.zeros_like(tensor, dtype=torch.uint8)
    flat_codes = codes.reshape(-1)  # writes go through to codes
    flat = tensor.reshape(-1).float()
    scales = []
    for i in range(0, flat.numel(), block_size):
        block = flat[i : i + block_size]
        s = block.abs().max()
        scales.append(s)
        flat_codes[i : i + block_size] = torch.bucketize(block / s, MIDDLE).byte() if s > 0 else 7
    return codes, torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.reshape(-1).long()]
    for i, s in enumerate(scales):
        values[i * block_size : (i + 1) * block_size] *= s
    return values.reshape(codes.shape)
