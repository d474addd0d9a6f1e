# style: dataclass with string annotations whose __new__ prepares the nn.Module, fields as configuration
from __future__ import annotations

import dataclasses
import typing
from dataclasses import InitVar, dataclass, field

import torch
from torch import nn


@dataclass(eq=False, repr=False)
class LoRALayerWithBias(nn.Module):
    original_layer: nn.Linear
    rank: int = 4
    alpha: float = 1.0
    dropout: InitVar[float] = 0.0
    train_bias: bool = False
    scaling: float = field(init=False)
    VERSION: typing.ClassVar[str] = "1.0"

    def __new__(cls, *args: object, **kwargs: object) -> LoRALayerWithBias:
        self = super().__new__(cls)
        nn.Module.__init__(self)
        return self

    def __post_init__(self, dropout: float) -> None:
        self.scaling = self.alpha / self.rank
        self.lora_dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.empty(self.rank, self.original_layer.in_features).normal_())
        self.lora_B = nn.Parameter(torch.zeros(self.original_layer.out_features, self.rank))
        self.original_layer.requires_grad_(False)
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad_(self.train_bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.lora_dropout(x) @ self.lora_A.mT
        return self.original_layer(x) + h @ self.lora_B.mT * self.scaling
