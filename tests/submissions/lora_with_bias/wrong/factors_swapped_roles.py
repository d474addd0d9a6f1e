# mistake: factors-swapped
# A and B have changed places: B is applied to x first and A is the one that starts at zero.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.lora_A = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.lora_B = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

    def forward(self, x):
        # W' = W + A B
        delta = self.lora_A @ self.lora_B
        return self.original_layer(x) + self.dropout(x) @ delta.T * self.scaling
