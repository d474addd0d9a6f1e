# mistake: unnamed
# A plain class with __call__, not an nn.Module, so there is no parameters(), no train() and no to().
import torch
import torch.nn as nn


class LoRALayerWithBias:
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        self.original_layer = original_layer
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def __call__(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
