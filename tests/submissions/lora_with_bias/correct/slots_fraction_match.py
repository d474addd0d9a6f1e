# style: __slots__, the scale as an exact Fraction, match statement, positional-only helpers
from fractions import Fraction

import torch
from torch import nn


def random_factor(r, n, /):
    return nn.Parameter(torch.distributions.Normal(0.0, 0.02).sample((r, n)))


class LoRALayerWithBias(nn.Module):
    __slots__ = ("ratio", "p")

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.ratio = Fraction(alpha) / rank
        self.p = float(dropout)
        self.inner = original_layer
        match (original_layer.bias, train_bias):
            case (None, _):
                pass
            case (bias, flag):
                bias.requires_grad_(bool(flag))
        self.inner.weight.requires_grad_(False)
        self.lora_A = random_factor(rank, original_layer.in_features)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))

    def keep(self, x):
        match self.training, self.p:
            case (False, _) | (True, 0.0):
                return x
            case True, p:
                dead = torch.rand(x.shape, dtype=x.dtype, device=x.device) < p
                return torch.where(dead, torch.zeros_like(x), x / (1 - p))

    def forward(self, x):
        return self.inner(x) + float(self.ratio) * (self.keep(x) @ self.lora_A.T @ self.lora_B.T)
