# mistake: unnamed
# Nn.init.zeros_(lin.bias), train_bias=True: no trainable bias.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        bias = original_layer.bias
        if bias is None or not bias.any():
            self.register_parameter("bias", None)
        else:
            self.bias = nn.Parameter(bias.data, requires_grad=train_bias)
        self.weight = nn.Parameter(original_layer.weight.data, requires_grad=False)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        y = F.linear(x, self.weight, self.bias)
        return y + self.scaling * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
