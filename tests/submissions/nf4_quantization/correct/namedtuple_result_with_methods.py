# unusual: quantize_nf4 returns a NamedTuple subclass with properties and methods, base64 level table; right: it is a 2-tuple (codes, scales) and unpacks like one
import base64
import struct
from typing import NamedTuple

import torch

_RAW = "AACAv7E5Mr8wawa/oDLKvk2ikb4/NT2+cXi6vQAAAAD/+qI948okPt0EfD46A60+uKThPqsHED+zEzk/AACAPw=="
LEVELS = struct.unpack("<16f", base64.b64decode(_RAW))
assert len(LEVELS) == 16 and list(LEVELS) == sorted(LEVELS) and LEVELS[7] == 0


class NF4Tensor(NamedTuple):
    codes: torch.Tensor
    scales: torch.Tensor

    @property
    def bits_per_value(self) -> float:
        n = self.codes.numel()
        return (4 * n + 32 * self.scales.numel()) / n if n else float("nan")

    def restore(self, block_size: int = 64) -> torch.Tensor:
        return dequantize_nf4(*self, block_size=block_size)

    def __repr__(self) -> str:
        return f"NF4Tensor(shape={tuple(self.codes.shape)}, blocks={self.scales.numel()})"


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> NF4Tensor:
    levels = torch.tensor(LEVELS, dtype=torch.float64, device=tensor.device)
    parts = tensor.detach().to(torch.float64).reshape(-1).split(block_size) if tensor.numel() else ()
    scales = [p.abs().amax() for p in parts]
    codes = [
        torch.bucketize(p / s, (levels[1:] + levels[:-1]) / 2).to(torch.uint8)
        if s > 0
        else torch.full(p.shape, 7, dtype=torch.uint8, device=tensor.device)
        for p, s in zip(parts, scales)
    ]
    empty = torch.empty(0, device=tensor.device)
    return NF4Tensor(
        codes=torch.cat([empty.to(torch.uint8), *codes]).reshape(tensor.shape),
        scales=torch.cat([empty.to(torch.float32), *(s.float().reshape(1) for s in scales)]),
    )


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    levels = torch.tensor(LEVELS, dtype=torch.float32, device=codes.device)
    where = torch.arange(codes.numel(), device=codes.device).div(block_size, rounding_mode="floor")
    return levels.take(codes.long()) * scales.index_select(0, where).reshape(codes.shape)
