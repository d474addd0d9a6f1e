# mistake: unnamed
# Linear(8, 4, bias=False), train_bias=True: AttributeError at creation.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        self.layer = original_layer
        for p in self.layer.parameters():
            p.requires_grad = False
        if train_bias:
            self.layer.bias.requires_grad = True
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / math.sqrt(rank))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.scale = alpha / rank

    def forward(self, x):
        return self.layer(x) + self.scale * F.linear(F.linear(self.drop(x), self.lora_A), self.lora_B)
