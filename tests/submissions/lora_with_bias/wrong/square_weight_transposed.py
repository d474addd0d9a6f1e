# mistake: unnamed
# x @ W for square layers and x @ W.T for the others: "whichever shape fits".
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

    def forward(self, x):
        W, b = self.original_layer.weight, self.original_layer.bias
        y = x @ W if W.shape[0] == x.shape[-1] else x @ W.T
        if b is not None:
            y = y + b
        return y + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
