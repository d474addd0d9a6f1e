# style: library author, helpful errors, logging, warnings, a context manager to switch the adapter off, property with setter
"""LoRA for `nn.Linear`, with an optional trainable bias.

This module is deliberately small, but it behaves: errors say what was wrong, and nothing is global.
"""
from __future__ import annotations

import contextlib
import logging
import numbers
import warnings
from collections.abc import Iterator

import torch
from torch import nn

__all__ = ["LoRALayerWithBias"]
log = logging.getLogger(__name__)


def _check(original_layer, rank, alpha, dropout):
    if not isinstance(original_layer, nn.Linear):
        raise TypeError(f"original_layer must be an nn.Linear, got {type(original_layer).__name__}")
    if not isinstance(rank, numbers.Integral) or rank < 1:
        raise ValueError(f"rank must be a positive integer, got {rank!r}")
    if not alpha > 0:
        raise ValueError(f"alpha must be positive, got {alpha!r}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {dropout!r}")


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0,
                 dropout: float = 0.0, train_bias: bool = False) -> None:
        _check(original_layer, rank, alpha, dropout)
        super().__init__()
        if rank > min(original_layer.in_features, original_layer.out_features):
            warnings.warn(f"rank {rank} exceeds the rank of the weight", stacklevel=2)
        if train_bias and original_layer.bias is None:
            warnings.warn("train_bias=True, but the layer has no bias", RuntimeWarning, stacklevel=2)
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        self.rank, self.alpha = rank, alpha
        self.dropout = nn.Dropout(dropout)
        self.enabled = True
        w = original_layer.weight
        self.lora_A = nn.Parameter(torch.empty(rank, w.shape[1], device=w.device, dtype=w.dtype))
        self.lora_B = nn.Parameter(torch.empty(w.shape[0], rank, device=w.device, dtype=w.dtype))
        self.reset_parameters()
        self.train_bias = train_bias
        log.debug("wrapped %s", original_layer)

    def reset_parameters(self) -> None:
        nn.init.trunc_normal_(self.lora_A, std=0.02)
        nn.init.zeros_(self.lora_B)

    @property
    def scaling(self) -> float:
        return self.alpha / self.rank

    @property
    def train_bias(self) -> bool:
        return self.base.bias is not None and self.base.bias.requires_grad

    @train_bias.setter
    def train_bias(self, flag: bool) -> None:
        if self.base.bias is not None:
            self.base.bias.requires_grad_(flag)

    @contextlib.contextmanager
    def disabled(self) -> Iterator[None]:
        self.enabled = False
        try:
            yield
        finally:
            self.enabled = True

    def extra_repr(self) -> str:
        return f"rank={self.rank}, alpha={self.alpha}, train_bias={self.train_bias}"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[-1] != self.base.in_features:
            raise ValueError(f"expected (..., {self.base.in_features}), got {tuple(x.shape)}")
        y = self.base(x)
        if self.enabled:
            y = y + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
        return y
