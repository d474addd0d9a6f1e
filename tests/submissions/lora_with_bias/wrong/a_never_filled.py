# mistake: unnamed
"""A is made by torch.empty and never drawn: it holds whatever the memory held."""
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.scale = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.drop(x) @ self.lora_A.T @ self.lora_B.T * self.scale
