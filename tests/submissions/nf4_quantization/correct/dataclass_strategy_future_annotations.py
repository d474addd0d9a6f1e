# unusual: over-engineered (ABC, frozen slotted dataclasses, Protocol, Enum, registry) under `from __future__ import annotations`; right: the two functions at the bottom only delegate
from __future__ import annotations

import abc
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol, runtime_checkable

import torch
from torch import Tensor


class Rounding(enum.Enum):
    NEAREST = "nearest"
    STOCHASTIC = "stochastic"


class CodeBook(enum.Enum):
    """One member for each level; the order is that of the paper."""

    L0 = -1.0
    L1 = -0.6961928009986877
    L2 = -0.5250730514526367
    L3 = -0.39491748809814453
    L4 = -0.28444138169288635
    L5 = -0.18477343022823334
    L6 = -0.09105003625154495
    L7 = 0.0
    L8 = 0.07958029955625534
    L9 = 0.16093020141124725
    L10 = 0.24611230194568634
    L11 = 0.33791524171829224
    L12 = 0.44070982933044434
    L13 = 0.5626170039176941
    L14 = 0.7229568362236023
    L15 = 1.0

    @classmethod
    def tensor(cls, like: Tensor) -> Tensor:
        return torch.tensor([m.value for m in cls], dtype=torch.float64, device=like.device)


@runtime_checkable
class SupportsRounding(Protocol):
    def codes(self, normalised: Tensor, levels: Tensor) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Nearest:
    def codes(self, normalised: Tensor, levels: Tensor) -> Tensor:
        return torch.bucketize(normalised, (levels[:-1] + levels[1:]) / 2, right=True)


@dataclass(frozen=True)
class QuantConfig:
    block_size: int = 64
    rounding: Rounding = Rounding.NEAREST
    registry: ClassVar[dict[Rounding, type]] = {Rounding.NEAREST: Nearest}

    def __post_init__(self) -> None:
        if self.block_size < 1:
            raise ValueError("block_size must be positive")

    def make_rounder(self) -> SupportsRounding:
        try:
            return self.registry[self.rounding]()
        except KeyError:
            raise NotImplementedError(f"{self.rounding} is left as an exercise") from None


@dataclass(frozen=True, eq=False)
class Block:
    values: Tensor
    absmax: Tensor = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "absmax", self.values.abs().max())

    def normalised(self) -> Tensor:
        return self.values / self.absmax if self.absmax > 0 else torch.zeros_like(self.values)


class BlockwiseCodec(abc.ABC):
    def __init__(self, config: QuantConfig) -> None:
        self.config: Final = config

    def blocks(self, flat: Tensor) -> Iterator[Tensor]:
        if flat.numel():
            yield from flat.split(self.config.block_size)

    @abc.abstractmethod
    def encode(self, tensor: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    @abc.abstractmethod
    def decode(self, codes: Tensor, scales: Tensor) -> Tensor:
        raise NotImplementedError


class NF4Codec(BlockwiseCodec):
    def encode(self, tensor: Tensor) -> tuple[Tensor, Tensor]:
        levels, rounder = CodeBook.tensor(tensor), self.config.make_rounder()
        assert isinstance(rounder, SupportsRounding)
        codes = torch.empty(tensor.numel(), dtype=torch.uint8, device=tensor.device)
        scales: list[float] = []
        offset = 0
        for block in map(Block, self.blocks(tensor.detach().to(torch.float64).reshape(-1))):
            stop = offset + block.values.numel()
            codes[offset:stop] = rounder.codes(block.normalised(), levels).to(torch.uint8)
            scales.append(block.absmax.item())
            offset = stop
        return codes.view(tensor.shape), torch.tensor(scales, dtype=torch.float32, device=tensor.device)

    def decode(self, codes: Tensor, scales: Tensor) -> Tensor:
        levels = CodeBook.tensor(codes)
        parts = [levels[c.long()] * s for c, s in zip(self.blocks(codes.reshape(-1)), scales.double())]
        flat = torch.cat(parts) if parts else levels.new_empty(0)
        return flat.to(torch.float32).reshape(codes.shape)


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    return NF4Codec(QuantConfig(block_size=block_size)).encode(tensor)


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    return NF4Codec(QuantConfig(block_size=block_size)).decode(codes, scales)
