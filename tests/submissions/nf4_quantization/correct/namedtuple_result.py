# unusual: quantize_nf4 returns a NamedTuple (a tuple) with methods and properties, dequantize has extra arguments
from __future__ import annotations
from typing import NamedTuple
import torch


class NF4(NamedTuple):
    codes: torch.Tensor
    scales: torch.Tensor

    @property
    def nbytes(self) -> float:
        return self.codes.numel() / 2 + 4 * self.scales.numel()

    def decode(self, block_size: int = 64) -> torch.Tensor:
        return dequantize_nf4(*self, block_size)


_T = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                   -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                   0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64, *, levels: torch.Tensor | None = None, eps: float = 0.0) -> NF4:
    table = (_T if levels is None else levels).to(tensor.device, torch.float32)
    x = tensor.to(torch.float32).reshape(-1)
    blocks = x.split(block_size) if x.numel() else ()
    scales = x.new_tensor([float(b.abs().max()) for b in blocks])
    codes = [((b / (s + eps)).unsqueeze(0) - table.unsqueeze(1)).abs().argmin(0) if s > 0 else torch.full(b.shape, 7, device=b.device)
             for b, s in zip(blocks, scales)]
    flat = torch.cat(codes) if codes else x
    return NF4(flat.to(torch.uint8).view(tensor.shape), scales)


def dequantize_nf4(codes, scales, block_size=64, dtype=torch.float32, out=None):
    s = scales.repeat_interleave(block_size)[: codes.numel()].view(codes.shape)
    result = torch.take(_T.to(codes.device), codes.long()).mul(s).to(dtype)
    return result if out is None else out.copy_(result)
