# An over-engineer: enums, protocols, strategy registry, frozen config, logging, argument refusal, extra optional arguments, and Parameter subclasses as factors (stratified random A). Right: the defaults give exactly the contract's layer.
from __future__ import annotations

import abc
import enum
import logging
import numbers
from functools import lru_cache, singledispatch
from typing import Callable, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

__all__ = ["LoRALayerWithBias"]


class BiasPolicy(enum.Enum):
    FROZEN = enum.auto()
    TRAINED = enum.auto()
    ABSENT = enum.auto()

    @classmethod
    def decide(cls, layer: nn.Linear, train_bias: bool) -> BiasPolicy:
        if layer.bias is None:
            return cls.ABSENT
        return cls.TRAINED if train_bias else cls.FROZEN


class FactorParameter(nn.Parameter):
    """A Parameter that says that it is one of LoRA's."""

    is_lora: ClassVar[bool] = True


@runtime_checkable
class Initialiser(Protocol):
    def __call__(self, rows: int, cols: int) -> Tensor: ...


_REGISTRY: dict[str, Initialiser] = {}


def register(name: str) -> Callable[[Initialiser], Initialiser]:
    def decorator(function: Initialiser) -> Initialiser:
        _REGISTRY[name] = function
        return function

    return decorator


@register("zeros")
def _zeros(rows: int, cols: int) -> Tensor:
    return torch.zeros(rows, cols)


@register("stratified")
def _stratified(rows: int, cols: int) -> Tensor:
    """One uniform number from each of rows * cols equal strata of (-1, 1), in random order: no two are equal."""
    n = rows * cols
    values = (torch.randperm(n, dtype=torch.float64) + torch.rand(n, dtype=torch.float64)) / n
    return ((2 * values - 1) / cols**0.5).float().reshape(rows, cols)


@lru_cache(maxsize=None)
def _scaling(alpha: float, rank: int) -> float:
    return alpha / rank


@singledispatch
def _require_linear(layer: object) -> nn.Linear:
    raise TypeError(f"an nn.Linear is wanted, not {type(layer).__name__}")


@_require_linear.register
def _(layer: nn.Linear) -> nn.Linear:
    return layer


class AbstractAdapter(nn.Module, abc.ABC):
    @abc.abstractmethod
    def update(self, x: Tensor) -> Tensor: ...

    @abc.abstractmethod
    def frozen(self, x: Tensor) -> Tensor: ...

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.in_features:
            raise ValueError(f"last dimension {x.shape[-1]}, should be {self.in_features}")
        return self.frozen(x) + self.update(x)


class LoRALayerWithBias(AbstractAdapter):
    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
        *,
        a_init: str = "stratified",
        b_init: str = "zeros",
    ) -> None:
        super().__init__()
        layer = _require_linear(original_layer)
        if not isinstance(rank, numbers.Integral) or rank < 1:
            raise ValueError(f"rank = {rank!r}")
        if not alpha > 0 or not 0 <= dropout < 1:
            raise ValueError(f"alpha = {alpha!r}, dropout = {dropout!r}")
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.rank, self.alpha = int(rank), float(alpha)
        self.policy = BiasPolicy.decide(layer, train_bias)
        self.__base = layer
        self.lora_A = FactorParameter(_REGISTRY[a_init](self.rank, self.in_features))
        self.lora_B = FactorParameter(_REGISTRY[b_init](self.out_features, self.rank))
        self.lora_dropout = nn.Dropout(dropout)
        self.__apply_policy()
        logger.info("wrapped %s with policy %s", layer, self.policy)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)

    def __apply_policy(self) -> None:
        self.__base.weight.requires_grad_(False)
        self.__base.weight.grad = None
        match self.policy:
            case BiasPolicy.TRAINED:
                self.__base.bias.requires_grad_(True)
            case BiasPolicy.FROZEN:
                self.__base.bias.requires_grad_(False)
            case BiasPolicy.ABSENT:
                pass

    @property
    def scaling(self) -> float:
        return _scaling(self.alpha, self.rank)

    def frozen(self, x: Tensor) -> Tensor:
        return self.__base(x)

    def update(self, x: Tensor) -> Tensor:
        flat = self.lora_dropout(x).flatten(0, -2) if x.dim() > 1 else self.lora_dropout(x).unsqueeze(0)
        zero = flat.new_zeros(())
        out = torch.addmm(zero, flat @ self.lora_A.mT, self.lora_B.mT, beta=0, alpha=self.scaling)
        return out.unflatten(0, x.shape[:-1]) if x.dim() > 1 else out.squeeze(0)

    def extra_repr(self) -> str:
        return f"rank={self.rank}, alpha={self.alpha}, bias={self.policy.name.lower()}"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    print(LoRALayerWithBias(nn.Linear(16, 8), rank=4, alpha=8, train_bias=True))
