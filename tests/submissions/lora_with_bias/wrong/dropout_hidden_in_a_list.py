# mistake: unnamed
# Dropout=0.5, B nonzero, eval(): still drops (the module in the list is never switched).
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
        self.steps = [
            nn.Dropout(dropout),
            lambda h: F.linear(h, self.lora_A),
            lambda h: F.linear(h, self.lora_B),
            lambda h: h * self.scaling,
        ]

    def forward(self, x):
        h = x
        for step in self.steps:
            h = step(h)
        return self.original_layer(x) + h
