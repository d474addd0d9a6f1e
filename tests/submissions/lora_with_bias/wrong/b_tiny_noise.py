# mistake: b-not-zero
# B starts as noise of size 1e-5 "to break the symmetry" instead of zeros.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 1e-2)
        self.lora_B = nn.Parameter(torch.randn(original_layer.out_features, rank) * 1e-5)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
