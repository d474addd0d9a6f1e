# style: over-engineered: codebook dataclass, Protocol, quantizer objects with __call__ under the functions' names
from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

log = logging.getLogger(__name__)


class Codebook(Protocol):
    levels: Tensor

    def encode(self, x: Tensor) -> Tensor: ...
    def decode(self, c: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class SortedCodebook:
    levels: Tensor
    middles: Tensor = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "middles", (self.levels[1:] + self.levels[:-1]) * 0.5)

    def encode(self, x: Tensor) -> Tensor:
        return torch.bucketize(x, self.middles).to(torch.uint8)

    def decode(self, c: Tensor) -> Tensor:
        return self.levels[c.int()]


@dataclass
class BlockView:
    flat: Tensor
    size: int

    def __iter__(self):
        for i in range(0, self.flat.numel(), self.size):
            yield self.flat[i:i + self.size]


class Quantizer:
    def __init__(self, codebook: Codebook):
        self.codebook = codebook

    def __call__(self, tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
        if not tensor.is_floating_point():
            raise TypeError("floating dtypes only")
        if block_size < 1:
            raise ValueError("block_size must be at least 1")
        codes = torch.empty(tensor.numel(), dtype=torch.uint8)
        scales = []
        for source, target in zip(BlockView(tensor.detach().reshape(-1), block_size), BlockView(codes, block_size)):
            source = source.to(torch.float32)
            scale = source.abs().max()
            target.copy_(self.codebook.encode(source / scale if scale else source))
            scales.append(scale)
        log.debug("quantized %d values in %d blocks", codes.numel(), len(scales))
        return codes.view(tensor.shape), torch.stack(scales) if scales else torch.empty(0)


class Dequantizer:
    def __init__(self, codebook: Codebook):
        self.codebook = codebook

    def __call__(self, codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
        out = self.codebook.decode(codes).flatten().clone()
        for block, scale in zip(BlockView(out, block_size), scales):
            block *= scale
        return out.unflatten(0, codes.shape) if codes.dim() else out[0]


NF4 = SortedCodebook(torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]))
quantize_nf4 = Quantizer(NF4)
dequantize_nf4 = Dequantizer(NF4)
