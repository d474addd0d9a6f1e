# mistake: unnamed
# Quantize_nf4(torch.zeros(4))[1] is 1, should be 0.
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
    x = tensor.reshape(-1).to(torch.float32)
    block = torch.arange(x.numel()) // block_size
    n_blocks = -(-x.numel() // block_size)
    scales = torch.zeros(n_blocks).scatter_reduce(0, block, x.abs(), "amax")
    scales[scales == 0] = 1.0  # a block of zeros: 0 / 1 = 0 -> code 7
    distance = (x / scales[block] - NF4_LEVELS[:, None]).abs()  # (16, n)
    return distance.argmin(0).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    block = torch.arange(codes.numel()) // block_size
    return (NF4_LEVELS[codes.reshape(-1).long()] * scales[block]).reshape(codes.shape)
