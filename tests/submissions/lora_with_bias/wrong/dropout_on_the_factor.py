# mistake: unnamed
# Dropout=0.5, B nonzero, x = the same row twice: both rows get the same update each call.
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
        nn.init.zeros_(self.lora_B.weight)
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        # dropping an entry of x is dropping the entries of A that it meets, and A is smaller than x
        A = self.dropout(self.lora_A.weight)
        return self.original_layer(x) + self.scaling * self.lora_B(F.linear(x, A))
