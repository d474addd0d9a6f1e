# mistake: scaling-sqrt-rank
# Scales by alpha / sqrt(rank), the rule of rsLoRA, instead of alpha / rank.
import math
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.scaling = alpha / math.sqrt(rank)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout) if dropout > 0 else nn.Identity()
        for name, param in self.original_layer.named_parameters():
            param.requires_grad = name == "bias" and train_bias

    def forward(self, x):
        lora = (self.dropout(x) @ self.lora_A.transpose(0, 1)) @ self.lora_B.transpose(0, 1)
        return self.original_layer(x) + lora * self.scaling
