# style: numerical analyst: float64 inside, hypot-free two-pass, rounds once at the end; returns a NamedTuple
from typing import NamedTuple

import torch

_L64 = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=torch.float64)


class Quantized(NamedTuple):
    codes: torch.Tensor
    scales: torch.Tensor

    def dequantize(self, block_size: int = 64) -> torch.Tensor:
        return dequantize_nf4(*self, block_size)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> Quantized:
    """Ties go to the level with the even index."""
    x = tensor.reshape(-1).to(torch.float64)
    n = x.numel()
    nb = (n + block_size - 1) // block_size
    blk = torch.arange(n) // block_size
    s64 = torch.zeros(nb, dtype=torch.float64).scatter_reduce_(0, blk, x.abs(), "amax")
    nz = s64[blk] != 0
    y = torch.zeros_like(x)
    y[nz] = x[nz] / s64[blk][nz]
    hi = torch.searchsorted(_L64, y.clamp(-1.0, 1.0)).clamp_(min=1)
    lo = hi - 1
    up, down = _L64[hi] - y, y - _L64[lo]
    code = torch.where(up < down, hi, lo)
    code = torch.where(up == down, torch.where(hi % 2 == 0, hi, lo), code)
    return Quantized(code.to(torch.uint8).reshape(tensor.shape), s64.to(torch.float32))


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    blk = torch.arange(codes.numel()).reshape(codes.shape) // block_size
    return (_L64[codes.to(torch.int64)] * scales.to(torch.float64)[blk]).to(torch.float32)
