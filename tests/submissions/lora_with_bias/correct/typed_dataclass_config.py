# typing-heavy, a dataclass as configuration, argument checks that the task leaves open
from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from typing_extensions import override


@runtime_checkable
class LinearLike(Protocol):
    in_features: int
    out_features: int


@dataclass(frozen=True)
class LoRAConfig:
    rank: int
    alpha: float
    dropout: float
    train_bias: bool

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank has to be at least 1, not {self.rank}")
        if self.alpha <= 0:
            raise ValueError(f"alpha has to be positive, not {self.alpha}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout has to be in [0, 1), not {self.dropout}")

    @property
    def scaling(self) -> float:
        return self.alpha / self.rank


class LoRALayerWithBias(nn.Module):
    lora_A: nn.Parameter
    lora_B: nn.Parameter
    config: Final[LoRAConfig]

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(original_layer, LinearLike):
            raise TypeError("only nn.Linear can be wrapped")
        self.config = LoRAConfig(rank, alpha, dropout, train_bias)
        self.original_layer = original_layer
        weight = original_layer.weight
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features, dtype=weight.dtype))
        self.lora_B = nn.Parameter(weight.new_zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, nonlinearity="linear")
        self.dropout = nn.Dropout(dropout)
        self._set_flags()

    def _set_flags(self) -> None:
        self.requires_grad_(False)
        self.lora_A.requires_grad_(True)
        self.lora_B.requires_grad_(True)
        bias: nn.Parameter | None = self.original_layer.bias
        if bias is not None:
            bias.requires_grad_(self.config.train_bias)

    @override
    def forward(self, x: Tensor) -> Tensor:
        base: Tensor = self.original_layer(x)
        update: Tensor = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return base + self.config.scaling * update

    @override
    def extra_repr(self) -> str:
        return str(self.config)
