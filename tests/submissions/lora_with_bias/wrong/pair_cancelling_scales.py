# mistake: scaling-inverted
# Two mistakes that cancel for alpha = 1 only: A is divided by rank squared at creation and the scale is rank / alpha.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank**2)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = rank / alpha

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
