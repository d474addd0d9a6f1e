# mistake: unnamed
# Eval(), then copy_ into lora_B, then call: stale; A.grad is None in eval.
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

        self.merged = False

    def train(self, mode=True):
        super().train(mode)
        if mode and self.merged:
            self.original_layer.weight.data -= self.scaling * (self.lora_B @ self.lora_A).data
            self.merged = False
        elif not mode and not self.merged:
            self.original_layer.weight.data += self.scaling * (self.lora_B @ self.lora_A).data
            self.merged = True
        return self

    def forward(self, x):
        y = self.original_layer(x)
        if not self.merged:
            y = y + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
        return y
