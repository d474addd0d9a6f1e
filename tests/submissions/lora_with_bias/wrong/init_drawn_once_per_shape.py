# mistake: unnamed
# A, b = LoRALayerWithBias(nn.Linear(4, 3)), LoRALayerWithBias(nn.Linear(4, 3)); with no_grad: a.lora_B.fill_(1); b.lora_B is 1 too (two Parameters over one cached storage).
import functools
import math

import torch
from torch import nn


@functools.lru_cache(maxsize=None)
def initial_factors(rank, n_in, n_out):
    """The initial values for a shape. kaiming_uniform_ is slow for big layers, and a 7B model has hundreds of equal ones."""
    A = torch.empty(rank, n_in)
    nn.init.kaiming_uniform_(A, a=math.sqrt(5))
    return A, torch.zeros(n_out, rank)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias
        A, B = initial_factors(rank, original_layer.in_features, original_layer.out_features)
        self.lora_A = nn.Parameter(A)
        self.lora_B = nn.Parameter(B)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
