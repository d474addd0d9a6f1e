# hurried: a loop over blocks, lists of mixed dtypes joined at the end, the stub's hints taken literally; right: distances to all 16 levels in float32, zero block gets 7
import torch
from torch import nn

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    x = tensor.float().reshape(-1)
    n = x.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    codes = []
    scales = []
    for i in range(0, n, block_size):
        b = x[i:i+block_size]
        s = b.abs().max()
        scales.append(s)
        if s == 0:
            codes.append(torch.full_like(b, 7))
        else:
            d = (b[:, None] / s - NF4_LEVELS[None, :]).abs()
            codes.append(d.argmin(1))
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    s = scales.repeat_interleave(block_size)[:codes.numel()]
    return (NF4_LEVELS[codes.long()].reshape(-1) * s).reshape(codes.shape)
