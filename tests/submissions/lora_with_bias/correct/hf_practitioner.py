# who: ML engineer who lives in Hugging Face PEFT; unusual: factors are nn.Linear modules, dropout is Identity when 0, fresh kaiming init
"""LoRA linear, in the way PEFT writes it (tuners/lora/layer.py), minus the adapters dict."""
from __future__ import annotations

import math
from typing import Union

import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    adapter_layer_names = ("lora_A", "lora_B")

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: Union[int, float] = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        self.base_layer = original_layer
        self.in_features, self.out_features = original_layer.in_features, original_layer.out_features
        self.r = rank
        self.lora_alpha = alpha
        self.scaling = alpha / rank
        self.lora_dropout = nn.Dropout(p=dropout) if dropout > 0.0 else nn.Identity()
        self.lora_A = nn.Linear(self.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, self.out_features, bias=False)
        self.reset_lora_parameters()
        self._mark_only_lora_as_trainable("all" if train_bias else "none")

    def reset_lora_parameters(self) -> None:
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def _mark_only_lora_as_trainable(self, bias: str) -> None:
        for n, p in self.named_parameters():
            p.requires_grad = "lora_" in n or (bias == "all" and n.endswith("bias"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result = self.base_layer(x)
        x = x.to(self.lora_A.weight.dtype)
        result = result + self.lora_B(self.lora_A(self.lora_dropout(x))) * self.scaling
        return result

    def __repr__(self) -> str:
        rep = super().__repr__()
        return "lora." + rep
