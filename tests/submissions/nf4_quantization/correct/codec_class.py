# who: Birgit, ten years of Java, needs a class and validation for everything; unusual: immutable codec object behind the two functions, argument checks
"""NF4 block quantization. The module-level functions delegate to a shared, immutable codec."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final, Iterator

import torch

logger = logging.getLogger(__name__)

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


class QuantizationError(ValueError):
    """Raised for arguments that make no sense."""


@dataclass(frozen=True)
class Block:
    first: int
    last: int  # exclusive

    def slice(self) -> slice:
        return slice(self.first, self.last)


@dataclass(frozen=True)
class BlockwiseCodec:
    levels: torch.Tensor
    block_size: int
    thresholds: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.block_size, int) or self.block_size < 1:
            raise QuantizationError(f"block_size must be a positive int, got {self.block_size!r}")
        object.__setattr__(self, "thresholds", torch.lerp(self.levels[:-1], self.levels[1:], 0.5))

    @property
    def zero_code(self) -> int:
        return int(torch.argmin(self.levels.abs()))

    def blocks(self, total: int) -> Iterator[Block]:
        for first in range(0, total, self.block_size):
            yield Block(first, min(first + self.block_size, total))

    def encode(self, tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if not tensor.is_floating_point():
            raise QuantizationError(f"floating point tensor expected, got {tensor.dtype}")
        flat = tensor.detach().reshape(-1).to(dtype=torch.float32)
        codes = torch.full((flat.numel(),), self.zero_code, dtype=torch.uint8)
        blocks = list(self.blocks(flat.numel()))
        scales = torch.zeros(len(blocks), dtype=torch.float32)
        for number, block in enumerate(blocks):
            values = flat[block.slice()]
            scale = values.abs().max()
            if scale.item() == 0.0:
                logger.debug("block %d is all zeros", number)
                continue
            scales[number] = scale
            codes[block.slice()] = torch.searchsorted(self.thresholds, values / scale).to(torch.uint8)
        return codes.reshape(tensor.shape), scales

    def decode(self, codes: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
        flat = codes.reshape(-1).long()
        result = torch.empty(flat.numel(), dtype=torch.float32)
        for number, block in enumerate(self.blocks(flat.numel())):
            torch.mul(self.levels[flat[block.slice()]], scales[number], out=result[block.slice()])
        return result.reshape(codes.shape)


DEFAULT_BLOCK_SIZE: Final[int] = 64


def quantize_nf4(tensor: torch.Tensor, block_size: int = DEFAULT_BLOCK_SIZE) -> tuple[torch.Tensor, torch.Tensor]:
    return BlockwiseCodec(NF4_LEVELS, block_size).encode(tensor)


def dequantize_nf4(
    codes: torch.Tensor, scales: torch.Tensor, block_size: int = DEFAULT_BLOCK_SIZE
) -> torch.Tensor:
    return BlockwiseCodec(NF4_LEVELS, block_size).decode(codes, scales)
