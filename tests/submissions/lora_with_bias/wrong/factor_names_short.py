# mistake: unnamed
# The factors are called A and B instead of lora_A and lora_B.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, x):
        return self.layer(x) + self.s * self.drop(x) @ self.A.T @ self.B.T
