"""LoRA layers in PyTorch."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["LoRALayer"]


class LoRALayer(nn.Module):
    """A frozen `nn.Linear` (W, b) with a trainable low-rank update beside it.

        y = W x + b + s * B A dropout(x),    s = alpha / rank, or alpha / sqrt(rank) with `use_rslora`

    `lora_A` (rank, in) starts uniform within 1 / sqrt(in), `lora_B` (out, rank) at zero, on the layer's own device
    and in its dtype: at first the output is the old one's. With `train_bias` the original bias b is trained too; a
    layer without a bias works with either value and gains none.

    Raises TypeError for a layer that is no `nn.Linear`, ValueError for a rank below 1 or a dropout outside [0, 1).
    Sources: Hu et al. 2021, arXiv 2106.09685, section 4.1; Kalajdzievski 2023 (rsLoRA), arXiv 2312.03732.
    """

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        *,
        train_bias: bool = False,
        use_rslora: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(original_layer, nn.Linear):
            raise TypeError(f"LoRALayer wraps an nn.Linear, not {type(original_layer).__name__}")
        if rank < 1:
            raise ValueError(f"rank is {rank}, should be at least 1")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}, should be at least 0 and below 1")
        self.original_layer = original_layer.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / (math.sqrt(rank) if use_rslora else rank)
        self.dropout = nn.Dropout(dropout)
        W = original_layer.weight
        self.lora_A = nn.Parameter(W.new_empty(rank, original_layer.in_features))  # (r, in)
        self.lora_B = nn.Parameter(W.new_zeros(original_layer.out_features, rank))  # (out, r)
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))  # PEFT's choice
        self._kept_weight: Tensor | None = None  # W, while the update is merged into the layer

    def forward(self, x: Tensor) -> Tensor:
        """Output (..., out) for x (..., in); while merged, the layer alone gives it, without dropout."""
        y: Tensor = self.original_layer(x)  # (..., out)
        if not self.merged:
            Ax = self.dropout(x) @ self.lora_A.T  # (..., r)
            y = y + self.scaling * (Ax @ self.lora_B.T)  # (..., out)
        return y

    def delta_weight(self) -> Tensor:
        """The update of W: s B A, of W's shape (out, in)."""
        BA: Tensor = self.lora_B @ self.lora_A  # (out, in)
        return self.scaling * BA

    @property
    def merged(self) -> bool:
        """Whether the update is part of the layer's weight, as for inference."""
        return self._kept_weight is not None

    @torch.no_grad()
    def merge_weights(self) -> None:
        """Add the update to W, unless it is there already."""
        if not self.merged:
            W = self.original_layer.weight
            self._kept_weight = W.clone()
            W += self.delta_weight()

    @torch.no_grad()
    def unmerge_weights(self) -> None:
        """Put W back bit for bit, which subtracting the update would not do; without a merge, do nothing."""
        if self._kept_weight is not None:
            self.original_layer.weight.copy_(self._kept_weight)
            self._kept_weight = None

    @property
    def trainable_params(self) -> int:
        """Numbers that are trained: rank (in + out), and the bias under `train_bias`."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    @property
    def total_params(self) -> int:
        """All numbers of the layer, frozen ones, bias and factors."""
        return sum(p.numel() for p in self.parameters())
