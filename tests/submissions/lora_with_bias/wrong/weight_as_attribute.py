# mistake: unnamed
# LoRALayerWithBias(nn.Linear(4, 3)).double()(torch.zeros(2, 4).double()) raises (W is a plain tensor and stays float32).
import torch
from torch import nn
from dataclasses import dataclass
from typing import Optional


@dataclass
class Frozen:
    """What is not trained is not a parameter, so the optimizer cannot get hold of it."""

    W: torch.Tensor
    b: Optional[torch.Tensor] = None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        W = original_layer.weight.detach()
        b = original_layer.bias
        self.frozen = Frozen(W, None if b is None or train_bias else b.detach())
        self.bias = nn.Parameter(b.detach().clone()) if b is not None and train_bias else None
        self.lora_A = nn.Parameter(torch.randn(rank, W.shape[1]) * W.shape[1] ** -0.5)
        self.lora_B = nn.Parameter(torch.zeros(W.shape[0], rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        y = x @ self.frozen.W.T + self.scaling * (self.dropout(x) @ self.lora_A.T) @ self.lora_B.T
        for b in (self.bias, self.frozen.b):
            if b is not None:
                y = y + b
        return y
