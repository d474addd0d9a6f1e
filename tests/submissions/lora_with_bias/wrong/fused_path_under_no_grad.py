# mistake: unnamed
# Train() under no_grad, dropout=0.5, B nonzero: no dropout.
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

    def fused(self):
        return torch.addmm(self.original_layer.weight, self.lora_B, self.lora_A, alpha=self.scaling)

    def forward(self, x):
        if torch.is_grad_enabled():
            update = F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
            return self.original_layer(x) + self.scaling * update
        return F.linear(x, self.fused(), self.original_layer.bias)
