# mistake: unnamed
# eval() merges the factors into the weight, so a change of the factors in eval mode has no effect (and unmerging corrupts the weight).
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.merged = False

    def train(self, mode=True):
        with torch.no_grad():
            sign = 0
            if not mode and not self.merged:
                sign = 1
            if mode and self.merged:
                sign = -1
            self.original_layer.weight.add_(self.lora_B @ self.lora_A, alpha=sign * self.scaling)
            self.merged = not mode
        return super().train(mode)

    def forward(self, x):
        if self.merged:
            return self.original_layer(x)
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
