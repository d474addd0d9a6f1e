# who: enterprise Java developer, layers of abstraction; unusual: frozen dataclass config, Enum policy, abstract base, builder classmethod, attribute delegation to the wrapped layer
from __future__ import annotations

import abc
import dataclasses
import enum
import math
from typing import Any, Optional

import torch
from torch import Tensor, nn


class BiasPolicy(enum.Enum):
    FROZEN = "frozen"
    TRAINED = "trained"
    ABSENT = "absent"

    @classmethod
    def decide(cls, layer: nn.Linear, train_bias: bool) -> BiasPolicy:
        if layer.bias is None:
            return cls.ABSENT
        return cls.TRAINED if train_bias else cls.FROZEN


@dataclasses.dataclass(frozen=True)
class LoRAConfig:
    rank: int = 4
    alpha: float = 1.0
    dropout: float = 0.0
    bias_policy: BiasPolicy = BiasPolicy.FROZEN

    @property
    def scaling(self) -> float:
        return self.alpha / self.rank


class AbstractAdapter(nn.Module, abc.ABC):
    """Template method: forward = base + scaling * adapt."""

    config: LoRAConfig

    @abc.abstractmethod
    def base(self, x: Tensor) -> Tensor: ...

    @abc.abstractmethod
    def adapt(self, x: Tensor) -> Tensor: ...

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.adapt(x).mul(self.config.scaling)


class LoRALayerWithBias(AbstractAdapter):
    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        self.config = LoRAConfig(rank, alpha, dropout, BiasPolicy.decide(original_layer, train_bias))
        self.wrapped = original_layer
        self.path = nn.ModuleDict({"dropout": nn.Dropout(self.config.dropout)})
        self.lora_A: nn.Parameter = self._create_factor(rank, original_layer.in_features, random=True)
        self.lora_B: nn.Parameter = self._create_factor(original_layer.out_features, rank, random=False)
        self._apply_policy()

    @classmethod
    def from_config(cls, layer: nn.Linear, config: LoRAConfig) -> LoRALayerWithBias:
        return cls(layer, config.rank, config.alpha, config.dropout, config.bias_policy is BiasPolicy.TRAINED)

    def _create_factor(self, rows: int, columns: int, *, random: bool) -> nn.Parameter:
        factor = self.wrapped.weight.detach().new_zeros(rows, columns)
        if random:
            nn.init.kaiming_uniform_(factor, a=math.sqrt(5))
        return nn.Parameter(factor)

    def _apply_policy(self) -> None:
        self.wrapped.weight.requires_grad_(False)
        bias: Optional[nn.Parameter] = self.wrapped.bias
        if self.config.bias_policy is not BiasPolicy.ABSENT:
            bias.requires_grad_(self.config.bias_policy is BiasPolicy.TRAINED)

    def base(self, x: Tensor) -> Tensor:
        return self.wrapped.forward(x)

    def adapt(self, x: Tensor) -> Tensor:
        return self.path["dropout"](x).matmul(self.lora_A.t()).matmul(self.lora_B.t())

    def __getattr__(self, name: str) -> Any:
        """Delegate: callers may still ask for weight, bias, in_features, out_features."""
        if name in ("weight", "bias", "in_features", "out_features"):
            return getattr(super().__getattr__("wrapped"), name)
        return super().__getattr__(name)
