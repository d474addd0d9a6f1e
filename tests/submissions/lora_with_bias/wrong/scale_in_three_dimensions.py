# mistake: unnamed
# Inputs with more than two dimensions are scaled by the rank alone.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        for p in original_layer.parameters():
            p.requires_grad = False
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad = True
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.1)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.alpha, self.rank, self.drop = alpha, rank, nn.Dropout(dropout)

    def forward(self, x):
        scale = self.alpha / self.rank if x.dim() <= 2 else 1 / self.rank
        return self.base(x) + scale * (self.drop(x) @ self.lora_A.T @ self.lora_B.T)
