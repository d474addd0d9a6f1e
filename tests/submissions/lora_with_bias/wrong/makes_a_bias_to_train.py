# mistake: unnamed
# Linear(8, 4, bias=False), train_bias=True: a third trainable parameter.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        self.weight = nn.Parameter(original_layer.weight.detach(), requires_grad=False)
        bias = original_layer.bias
        if bias is not None:
            self.bias = nn.Parameter(bias.detach(), requires_grad=train_bias)
        elif train_bias:
            self.bias = nn.Parameter(torch.zeros(original_layer.out_features))
        else:
            self.bias = None
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        lora = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return F.linear(x, self.weight, self.bias) + self.scaling * lora
