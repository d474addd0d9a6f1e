# style: PEFT-like, adapters in ModuleDicts, lora_A / lora_B are properties that return the active nn.Linear
from __future__ import annotations

import math
import warnings
from typing import Any, Optional

import torch
import torch.nn as nn


class BaseTunerLayer:
    active_adapter: str = "default"
    adapter_layer_names: tuple[str, ...] = ("adapters_A", "adapters_B")

    def get_base_layer(self) -> nn.Module:
        base_layer = self
        while hasattr(base_layer, "base_layer"):
            base_layer = base_layer.base_layer
        return base_layer


class LoRALayerWithBias(nn.Module, BaseTunerLayer):
    """`peft.tuners.lora.layer.Linear`, cut down to what the lab needs."""

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
        adapter_name: str = "default",
        init_lora_weights: bool = True,
    ) -> None:
        super().__init__()
        self.base_layer = original_layer
        self.r: dict[str, int] = {}
        self.lora_alpha: dict[str, float] = {}
        self.scaling: dict[str, float] = {}
        self.lora_dropout = nn.ModuleDict({})
        self.adapters_A = nn.ModuleDict({})
        self.adapters_B = nn.ModuleDict({})
        self._disable_adapters = False
        self.merged_adapters: list[str] = []
        self.in_features, self.out_features = original_layer.in_features, original_layer.out_features
        self.active_adapter = adapter_name
        self.update_layer(adapter_name, rank, alpha, dropout, init_lora_weights)
        self._mark_trainable(train_bias)

    @property
    def lora_A(self) -> nn.Linear:
        return self.adapters_A[self.active_adapter]

    @property
    def lora_B(self) -> nn.Linear:
        return self.adapters_B[self.active_adapter]

    def update_layer(self, adapter_name: str, r: int, lora_alpha: float, lora_dropout: float, init: bool) -> None:
        if r <= 0:
            raise ValueError(f"`r` should be a positive integer value but the value passed is {r}")
        self.r[adapter_name] = r
        self.lora_alpha[adapter_name] = lora_alpha
        lora_dropout_layer = nn.Dropout(p=lora_dropout) if lora_dropout > 0.0 else nn.Identity()
        self.lora_dropout.update(nn.ModuleDict({adapter_name: lora_dropout_layer}))
        self.adapters_A[adapter_name] = nn.Linear(self.in_features, r, bias=False)
        self.adapters_B[adapter_name] = nn.Linear(r, self.out_features, bias=False)
        self.scaling[adapter_name] = lora_alpha / r
        if init:
            self.reset_lora_parameters(adapter_name)

    def reset_lora_parameters(self, adapter_name: str) -> None:
        nn.init.kaiming_uniform_(self.adapters_A[adapter_name].weight, a=math.sqrt(5))
        nn.init.zeros_(self.adapters_B[adapter_name].weight)

    def _mark_trainable(self, train_bias: bool) -> None:
        for n, p in self.named_parameters():
            p.requires_grad = n.startswith("adapters_") or (train_bias and n == "base_layer.bias")

    def merge(self, safe_merge: bool = False) -> None:
        warnings.warn("merging is not implemented in the lab's version")

    def _cast_input_dtype(self, x: Optional[torch.Tensor], dtype: torch.dtype) -> Optional[torch.Tensor]:
        if x is None or x.dtype == dtype:
            return x
        return x.to(dtype=dtype)

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        result = self.base_layer(x, *args, **kwargs)
        torch_result_dtype = result.dtype
        if self._disable_adapters:
            return result
        for active_adapter in [self.active_adapter]:
            lora_A = self.adapters_A[active_adapter]
            lora_B = self.adapters_B[active_adapter]
            dropout = self.lora_dropout[active_adapter]
            scaling = self.scaling[active_adapter]
            x = self._cast_input_dtype(x, lora_A.weight.dtype)
            result = result + lora_B(lora_A(dropout(x))) * scaling
        return result.to(torch_result_dtype)
