# mistake: unnamed
# Dropout=0.5, train mode, B not zero: kept inputs are not multiplied by 2.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.p = dropout
        self.scale = alpha / rank
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))

    def drop(self, x):
        if self.training and self.p > 0:
            keep = torch.bernoulli(torch.full_like(x, 1 - self.p))
            return x * keep
        return x

    def forward(self, x):
        return self.original_layer(x) + self.scale * self.drop(x) @ self.lora_A.T @ self.lora_B.T
