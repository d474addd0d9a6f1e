# LoRALayerWithBias is a function that builds and returns the nn.Module
import torch
from torch import nn


class _Adapted(nn.Module):
    def __init__(self, layer, A, B, dropout, scale):
        super().__init__()
        self.layer = layer
        self.lora_A = A
        self.lora_B = B
        self.dropout = dropout
        self.scale = scale

    def forward(self, x):
        return self.layer(x) + self.scale * self.lora_B(self.lora_A(self.dropout(x)))


def LoRALayerWithBias(original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
    A = nn.Linear(original_layer.in_features, rank, bias=False)
    B = nn.Linear(rank, original_layer.out_features, bias=False)
    B.weight.data.zero_()
    original_layer.weight.requires_grad_(False)
    if original_layer.bias is not None:
        original_layer.bias.requires_grad_(train_bias)
    return _Adapted(original_layer, A, B, nn.Dropout(dropout), alpha / rank)
