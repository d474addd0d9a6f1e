# mistake: none | contract: fulfilled
# style: the factors are float64 master weights over a float32 layer and are cast to x's dtype in each call
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    """Small updates get lost in float32, so A and B are kept in double precision (they are tiny anyway)."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = original_layer.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features, dtype=torch.float64) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank, dtype=torch.float64))
        self.dropout = nn.Dropout(dropout)
        self.ratio = alpha / rank

    def forward(self, x):
        A, B = self.lora_A.to(x.dtype), self.lora_B.to(x.dtype)
        return self.linear(x) + self.ratio * F.linear(F.linear(self.dropout(x), A), B)
