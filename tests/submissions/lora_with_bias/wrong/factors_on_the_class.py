# mistake: factors-shared
# The factors are class attributes that all layers of a shape share.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    factors = {}

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        key = (rank, *original_layer.weight.shape)
        if key not in self.factors:
            A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
            B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
            self.factors[key] = (A, B)
        self.lora_A, self.lora_B = self.factors[key]
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
