# mistake: unnamed
# In a 3-D input all tokens of a sequence share one mask (variational dropout).
# style: RNN habits
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
        self.p = dropout

    def drop(self, x):
        if not self.training or self.p == 0:
            return x
        if x.dim() == 3:
            mask = F.dropout(torch.ones_like(x[:, :1]), self.p)
            return x * mask
        return F.dropout(x, self.p)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.drop(x) @ self.lora_A.T @ self.lora_B.T)
