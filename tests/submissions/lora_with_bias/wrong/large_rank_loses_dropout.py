# mistake: unnamed
# Where the factors are larger than the weight the merged matrix is used, and there dropout is forgotten.
# style: chooses the cheaper order of products
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(bool(train_bias))
        self.rank = rank
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        d_out, d_in = self.original_layer.weight.shape
        if self.rank * (d_in + d_out) > d_in * d_out:  # one product is cheaper
            W = self.original_layer.weight + self.scaling * (self.lora_B @ self.lora_A)
            return F.linear(x, W, self.original_layer.bias)
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
