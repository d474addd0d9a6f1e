# mistake: unnamed
# Linear(8, 4) with bias, train_bias=True: the bias starts at zero.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Linear):
    """A Linear that takes the weight over and has the adapter beside it."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        has_bias = original_layer.bias is not None
        super().__init__(original_layer.in_features, original_layer.out_features, bias=has_bias)
        self.weight = nn.Parameter(original_layer.weight.detach().clone(), requires_grad=False)
        if has_bias and train_bias:
            nn.init.zeros_(self.bias)
        elif has_bias:
            self.bias = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=False)
        self.lora_A = nn.Parameter(torch.empty(rank, self.in_features))
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, rank))
        nn.init.xavier_normal_(self.lora_A)
        self.lora_dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return super().forward(x) + self.scaling * (self.lora_dropout(x) @ self.lora_A.T @ self.lora_B.T)
