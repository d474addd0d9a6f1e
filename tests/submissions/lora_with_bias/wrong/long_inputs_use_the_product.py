# mistake: unnamed
# X with more rows than in_features (64 rows, in 16), dropout=0.5, train(): nothing is dropped.
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
        n_rows = x.numel() // x.shape[-1]
        if n_rows > max(W.shape):
            # many rows: adding the update to the weight once is cheaper than two more products for each row
            return F.linear(x, W + self.scaling * (self.lora_B @ self.lora_A), b)
        return F.linear(x, W, b) + self.scaling * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
