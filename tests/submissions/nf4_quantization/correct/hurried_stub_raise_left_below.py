# hurried: wrote above the stub's raise and left it there as dead code, docstring and all; right: the code returns before the raise is ever reached
import torch
from torch import nn

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
NF4_LEVELS = torch.tensor(
    [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ]
)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn a tensor into one 4-bit code for each value and one scale for each block."""
    x = tensor.detach().clone().to(torch.float32).reshape(-1)
    N = len(x)
    extra = (block_size - N % block_size) % block_size
    x = torch.cat([x, torch.zeros(extra)])
    x = x.reshape(-1, block_size)
    if N == 0:
        return torch.zeros_like(tensor, dtype=torch.uint8), torch.zeros(0, dtype=torch.float32)
    else:
        scales, _ = x.abs().max(1)
        s2 = scales.clone()
        s2[s2 == 0] = 1
        x = x / s2.reshape(-1, 1)
        mid = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
        c = torch.zeros(x.shape)
        for m in mid:
            c = c + (x > m)
        c = c.reshape(-1)[:N].reshape(tensor.shape).to(torch.uint8)
        return c, scales
    raise NotImplementedError("write quantize_nf4 here")


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    """Turn codes and scales back into values: the level of each code times the scale of its block."""
    if True:
        v = NF4_LEVELS[codes.long()].flatten()
        idx = torch.arange(codes.numel()) // block_size
        v = v * scales[idx]
        return v.reshape(codes.shape)
    raise NotImplementedError("write dequantize_nf4 here")
