# mistake: unnamed
# Bias=False, dropout=0.5, train(), B nonzero: nothing is dropped.
import math

import torch
import torch.nn.functional as F
from torch import nn


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

    def forward(self, x):
        W, b = self.original_layer.weight, self.original_layer.bias
        A, B = self.lora_A, self.lora_B
        if b is None:
            # one product less: [x, s A x] with [W, B]
            return torch.cat([x, self.scaling * F.linear(x, A)], dim=-1) @ torch.cat([W, B], dim=1).T
        return F.linear(x, W, b) + self.scaling * F.linear(F.linear(self.dropout(x), A), B)
