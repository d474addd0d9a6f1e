# mistake: unnamed
# LoRALayerWithBias(nn.Linear(4, 3, bias=False), train_bias=True) has a trainable parameter of shape (3,).
import math

import torch
from torch import nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.weight = nn.Parameter(original_layer.weight.data, requires_grad=False)
        if original_layer.bias is not None:
            self.bias = nn.Parameter(original_layer.bias.data, requires_grad=train_bias)
        elif train_bias:
            # the user asks for a trained bias but there is none yet: start it at zero, the output does not change
            self.bias = nn.Parameter(torch.zeros(original_layer.out_features))
        else:
            self.bias = None
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + self.scaling * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
