# Copies a big library's style: factors are nn.Linear without bias, nn.Identity when dropout is 0, merge/unmerge, delegating properties. Right: the contract allows nn.Linear factors.
from __future__ import annotations

import math
import warnings
from typing import Any, Optional

import torch
import torch.nn as nn


class BaseTunerLayer:
    adapter_layer_names: tuple[str, ...] = ("lora_A", "lora_B")
    other_param_names: tuple[str, ...] = ("r", "lora_alpha", "scaling", "lora_dropout")

    def get_base_layer(self) -> nn.Module:
        return self.base_layer

    @property
    def weight(self) -> torch.Tensor:
        return self.get_base_layer().weight

    @property
    def bias(self) -> Optional[torch.Tensor]:
        return self.get_base_layer().bias

    @property
    def merged(self) -> bool:
        return bool(self.merged_adapters)


class LoRALayerWithBias(nn.Module, BaseTunerLayer):
    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
        init_lora_weights: bool | str = True,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.base_layer = original_layer
        self.merged_adapters: list[str] = []
        self.in_features, self.out_features = original_layer.in_features, original_layer.out_features
        self.kwargs = kwargs
        self.update_layer(rank, alpha, dropout, init_lora_weights)
        self.mark_only_lora_as_trainable("lora_only" if train_bias else "none")

    def update_layer(self, r: int, lora_alpha: float, lora_dropout: float, init_lora_weights: bool | str) -> None:
        if r <= 0:
            raise ValueError(f"`r` should be a positive integer value but the value passed is {r}")
        self.r = r
        self.lora_alpha = lora_alpha
        self.lora_dropout = nn.Dropout(p=lora_dropout) if lora_dropout > 0.0 else nn.Identity()
        self.lora_A = nn.Linear(self.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, self.out_features, bias=False)
        self.scaling = lora_alpha / r
        self.reset_lora_parameters(init_lora_weights)

    def reset_lora_parameters(self, init_lora_weights: bool | str) -> None:
        if isinstance(init_lora_weights, str) and init_lora_weights.lower() == "gaussian":
            nn.init.normal_(self.lora_A.weight, std=1 / self.r)
        else:
            nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def mark_only_lora_as_trainable(self, bias: str = "none") -> None:
        for n, p in self.named_parameters():
            if "lora_" not in n:
                p.requires_grad = False
        if bias == "none":
            return
        if bias == "lora_only":
            if self.base_layer.bias is not None:
                self.base_layer.bias.requires_grad = True
        else:
            raise NotImplementedError(bias)

    def get_delta_weight(self) -> torch.Tensor:
        return (self.lora_B.weight @ self.lora_A.weight) * self.scaling

    @torch.no_grad()
    def merge(self) -> None:
        if self.merged:
            warnings.warn("Already merged. Nothing to do.")
            return
        self.base_layer.weight.data += self.get_delta_weight()
        self.merged_adapters.append("default")

    @torch.no_grad()
    def unmerge(self) -> None:
        if not self.merged:
            warnings.warn("Already unmerged. Nothing to do.")
            return
        self.merged_adapters.pop()
        self.base_layer.weight.data -= self.get_delta_weight()

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        result = self.base_layer(x, *args, **kwargs)
        if self.merged:
            return result
        torch_result_dtype = result.dtype
        x = x.to(self.lora_A.weight.dtype)
        result = result + self.lora_B(self.lora_A(self.lora_dropout(x))) * self.scaling
        return result.to(torch_result_dtype)

    def __repr__(self) -> str:
        return "lora." + super().__repr__()
