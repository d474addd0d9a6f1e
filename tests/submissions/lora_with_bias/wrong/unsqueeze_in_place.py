# mistake: unnamed
# A single vector is given its batch dimension in place, so the caller's x has two dimensions afterwards.
import math

import torch
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
        vector = x.dim() == 1
        if vector:
            x = x.unsqueeze(0) if x.requires_grad else x.unsqueeze_(0)
        y = self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
        return y.squeeze(0) if vector else y
