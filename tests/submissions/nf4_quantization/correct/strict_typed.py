# typing-heavy; argument checks that the task leaves open; memory-format details
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch

_LEVELS: Final[tuple[float, ...]] = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)
NF4_LEVELS: Final[torch.Tensor] = torch.tensor(_LEVELS, dtype=torch.float32)


@dataclass(slots=True, frozen=True)
class Block:
    start: int
    stop: int

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)


def _blocks(n: int, size: int) -> Iterator[Block]:
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError("block_size has to be an int")
    if size < 1:
        raise ValueError("block_size has to be at least 1")
    for start in range(0, n, size):
        yield Block(start, min(start + size, n))


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    if not tensor.is_floating_point():
        raise TypeError(f"a floating point tensor is needed, not {tensor.dtype}")
    flat = tensor.flatten().to(torch.float32)
    blocks = list(_blocks(flat.numel(), block_size))
    scales = torch.empty(len(blocks), dtype=torch.float32)
    codes = torch.empty_like(flat, dtype=torch.uint8)
    for i, block in enumerate(blocks):
        part = flat[block.slice]
        torch.amax(part.abs(), dim=0, out=scales[i])
        quotient = part / scales[i] if scales[i] != 0 else part
        codes[block.slice] = (quotient.unsqueeze(-1) - NF4_LEVELS).abs().min(dim=-1).indices.to(torch.uint8)
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if codes.dtype is not torch.uint8 or scales.dtype is not torch.float32:
        raise TypeError("codes have to be uint8 and scales float32")
    flat = torch.take(NF4_LEVELS, codes.to(torch.long)).flatten()
    for i, block in enumerate(_blocks(flat.numel(), block_size)):
        flat[block.slice].mul_(scales[i])
    return flat.view(codes.shape)
