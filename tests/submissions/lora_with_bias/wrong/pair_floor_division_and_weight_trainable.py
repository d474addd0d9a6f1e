# mistake: scaling-floor-division + base-weight-trainable
# alpha // rank, weight not frozen
import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    """LoRA with nn.Linear factors."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        out_f, in_f = original_layer.weight.shape
        self.rank, self.alpha, self.train_bias = rank, alpha, train_bias
        self.frozen = original_layer
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Linear(in_f, rank, bias=False)
        self.lora_B = nn.Linear(rank, out_f, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.lora_dropout = nn.Dropout(p=dropout) if dropout else nn.Identity()


    def forward(self, x):
        y = self.frozen(x)
        z = self.lora_B(self.lora_A(self.lora_dropout(x)))
        return y + z * (self.alpha // self.rank)
