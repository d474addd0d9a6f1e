# mistake: unnamed
# Lin.requires_grad_(False) before wrapping: no factor is trainable.
import math

import torch
import torch.nn.functional as F
from torch import nn


def parameter_like(weight, *shape):
    """A parameter with the weight's dtype, device and settings."""
    data = torch.zeros(*shape, dtype=weight.dtype, device=weight.device)
    return nn.Parameter(data, requires_grad=weight.requires_grad)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        W = original_layer.weight
        self.lora_A = parameter_like(W, rank, original_layer.in_features)
        self.lora_B = parameter_like(W, original_layer.out_features, rank)
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(train_bias)
        self.path = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, x):
        update = F.linear(F.linear(self.path(x), self.lora_A), self.lora_B)
        return torch.add(self.base(x), update, alpha=self.s)
