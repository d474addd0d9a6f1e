# A (column-major) and B are slices of one storage; one product with the widened matrix [W B] and the widened input
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        n_in, n_out = original_layer.in_features, original_layer.out_features
        # Everything that is trained lies side by side: [ A by columns | B by rows ]
        arena = torch.zeros(rank * (n_in + n_out))
        left, right = arena.split([rank * n_in, rank * n_out])
        left.uniform_(-0.2, 0.2)
        self.lora_A = nn.Parameter(left.view(n_in, rank).T)  # (rank, in), strides (1, rank)
        self.lora_B = nn.Parameter(right.view(n_out, rank))
        self.inner = original_layer.requires_grad_(False)
        if train_bias and self.inner.bias is not None:
            self.inner.bias.requires_grad_(True)
        self.p = dropout
        self.scaling = alpha / rank

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.linear(F.dropout(x, self.p, self.training), self.lora_A) * self.scaling  # (..., r)
        wide_x = torch.cat([x, h], dim=-1)  # (..., in + r)
        wide_W = torch.cat([self.inner.weight, self.lora_B], dim=1)  # (out, in + r)
        return F.linear(wide_x, wide_W, self.inner.bias)
