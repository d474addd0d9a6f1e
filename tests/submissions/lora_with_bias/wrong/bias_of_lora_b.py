# mistake: unnamed
# LoRALayerWithBias(nn.Linear(16, 8), train_bias=True): layer.base.bias.requires_grad is False, and lora_B.bias is trained instead (also for a layer without a bias).
"""The bias that can be trained comes for free when lora_B is an nn.Linear: bias=train_bias."""
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        self.base.requires_grad_(False)
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=train_bias)
        nn.init.zeros_(self.lora_B.weight)
        if train_bias:
            nn.init.zeros_(self.lora_B.bias)
        self.drop = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scaling * self.lora_B(self.lora_A(self.drop(x)))
