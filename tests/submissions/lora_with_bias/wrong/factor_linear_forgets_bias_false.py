# mistake: factor-with-bias
# Makes the factors with nn.Linear and forgets bias=False on lora_A
import math
import torch
from torch import nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Linear(original_layer.in_features, rank)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * self.lora_B(self.lora_A(self.dropout(x)))
