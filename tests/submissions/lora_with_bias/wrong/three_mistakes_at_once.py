# mistake: unnamed
# no scale, no dropout, and a bias that is always trained
import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        original_layer.weight.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scale = alpha / rank
        self.dropout = nn.Dropout(dropout)


    def forward(self, x):
        path = torch.einsum("...i,ri,or->...o", x, self.lora_A, self.lora_B)
        return self.base(x) + path
