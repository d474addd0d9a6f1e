# mistake: unnamed
# Loss = y.sum() over 64 rows: the norm of lora_B.grad is cut to 1.
import math

import torch
import torch.nn.functional as F
from torch import nn


def clip(grad, max_norm=1.0):
    """Clip by norm, so that one bad batch does not ruin the adapter."""
    return grad * (max_norm / (grad.norm() + 1e-12)).clamp(max=1.0)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)

        for factor in (self.lora_A, self.lora_B):
            factor.register_hook(clip)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
