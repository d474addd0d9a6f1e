# mistake: factors-not-registered
# The factors are plain tensors with requires_grad, so parameters() does not list them.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.lora_A = torch.randn(rank, original_layer.in_features, requires_grad=True)
        self.lora_B = torch.zeros(original_layer.out_features, rank, requires_grad=True)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
