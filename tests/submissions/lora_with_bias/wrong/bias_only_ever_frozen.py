# mistake: unnamed
# Lin.requires_grad_(False) first, then train_bias=True: bias stays frozen.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        self.original_layer = original_layer
        self.scaling = alpha / rank
        # freeze what must not be trained
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None and not train_bias:
            original_layer.bias.requires_grad = False
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.normal_(self.lora_A, std=0.02)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
