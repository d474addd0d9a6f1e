# mistake: unnamed
# Dropout=0.5, rank=1, A and B ones, x ones(1, 64): update is 0 or 128, never in between.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        self.original_layer = original_layer.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)
        self.adapter = nn.Sequential(self.lora_A, nn.Dropout(dropout), self.lora_B)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.scaling * self.adapter(x)
