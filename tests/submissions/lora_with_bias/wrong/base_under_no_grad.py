# mistake: base-path-detached
# The frozen path runs under no_grad, so x gets no gradient through the base weight (nor does a trained bias).
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

    def forward(self, x):
        with torch.no_grad():  # the base model is frozen
            base = self.original_layer(x)
        return base + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
