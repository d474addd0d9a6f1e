# style: over-engineer, ABC strategies, Enum, registry, Generic, Protocol, NamedTuple, lru_cache, for one matrix product
from __future__ import annotations

import abc
import enum
import functools
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

L = TypeVar("L", bound=nn.Linear)
REGISTRY: dict[str, type[InitStrategy]] = {}


@runtime_checkable
class HasFactors(Protocol):
    lora_A: Any
    lora_B: Any


class BiasPolicy(enum.Enum):
    FROZEN = enum.auto()
    TRAINED = enum.auto()
    ABSENT = enum.auto()

    @classmethod
    def of(cls, layer: nn.Linear, train_bias: bool) -> BiasPolicy:
        if layer.bias is None:
            return cls.ABSENT
        return cls.TRAINED if train_bias else cls.FROZEN


class Hyper(NamedTuple):
    rank: int
    alpha: float

    @property
    def scaling(self) -> float:
        return scaling_of(self.rank, self.alpha)


@functools.lru_cache(maxsize=None)
def scaling_of(rank: int, alpha: float) -> float:
    return alpha / rank


class InitStrategy(abc.ABC):
    def __init_subclass__(cls, name: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        REGISTRY[name] = cls

    @abc.abstractmethod
    def fill(self, tensor: Tensor) -> Tensor: ...


class Orthogonal(InitStrategy, name="orthogonal"):
    def fill(self, tensor: Tensor) -> Tensor:
        return nn.init.orthogonal_(tensor)


class Zeros(InitStrategy, name="zeros"):
    def fill(self, tensor: Tensor) -> Tensor:
        return nn.init.zeros_(tensor)


class FactorFactory:
    def __call__(self, shape: tuple[int, int], strategy: str) -> nn.Parameter:
        return nn.Parameter(REGISTRY[strategy]().fill(torch.empty(shape)))


class LowRankBranch(nn.Module):
    def __init__(self, in_features: int, out_features: int, hyper: Hyper, dropout: float) -> None:
        super().__init__()
        make = FactorFactory()
        self.A = make((hyper.rank, in_features), "orthogonal")
        self.B = make((out_features, hyper.rank), "zeros")
        self.hyper = hyper
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(self.dropout(x), self.A).matmul(self.B.t()) * self.hyper.scaling


class AbstractAdapter(nn.Module, Generic[L], metaclass=abc.ABCMeta):
    base: L
    branch: LowRankBranch

    @property
    @abc.abstractmethod
    def policy(self) -> BiasPolicy: ...

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack(torch.broadcast_tensors(self.base(x), self.branch(x))).sum(0)


class LoRALayerWithBias(AbstractAdapter[nn.Linear]):
    def __init__(
        self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0, train_bias: bool = False
    ) -> None:
        super().__init__()
        self.base = original_layer
        self.branch = LowRankBranch(original_layer.in_features, original_layer.out_features, Hyper(rank, alpha), dropout)
        self._policy = BiasPolicy.of(original_layer, train_bias)
        self.base.weight.requires_grad_(False)
        if self.policy is not BiasPolicy.ABSENT:
            self.base.bias.requires_grad_(self.policy is BiasPolicy.TRAINED)
        assert isinstance(self, HasFactors)

    @property
    def policy(self) -> BiasPolicy:
        return self._policy

    @property
    def lora_A(self) -> nn.Parameter:
        return self.branch.A

    @property
    def lora_B(self) -> nn.Parameter:
        return self.branch.B
