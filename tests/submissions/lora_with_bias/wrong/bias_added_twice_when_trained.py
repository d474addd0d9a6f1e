# mistake: bias-added-twice
# Only under train_bias the bias is added a second time.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.train_bias = train_bias
        for p in original_layer.parameters():
            p.requires_grad = False
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad = True
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        out = self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
        if self.train_bias and self.original_layer.bias is not None:
            out += self.original_layer.bias
        return out
