# sqrt(alpha / rank) multiplies both factors on the fly; the original bias is added at the end
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.weight = nn.Parameter(original_layer.weight.detach().clone(), requires_grad=False)
        if original_layer.bias is not None:
            self.bias = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=bool(train_bias))
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features).div_(math.sqrt(rank)))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.root = math.sqrt(alpha / rank)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        a, b = self.root * self.lora_A, self.root * self.lora_B
        y = F.linear(x, self.weight)
        y = y + F.linear(F.linear(self.dropout(x), a), b)
        if hasattr(self, "bias"):
            y = y + self.bias
        return y
