# mistake: unnamed
# With dropout the adapter's share is scaled by 1 instead of alpha / rank: the branch with dropout forgot it.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout) if dropout > 0 else None

    def forward(self, x):
        y = self.original_layer(x)
        if self.dropout is not None:
            return y + self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return y + self.scaling * (x @ self.lora_A.T @ self.lora_B.T)
