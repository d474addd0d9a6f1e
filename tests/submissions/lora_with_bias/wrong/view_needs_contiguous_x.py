# mistake: unnamed
# X.view(-1, in_features) raises for an input that is not contiguous (a permuted or strided x).
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.requires_grad_(False)
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad_(train_bias)
        self.in_features, self.out_features = original_layer.in_features, original_layer.out_features
        self.lora_A = nn.Parameter(torch.randn(rank, self.in_features))
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        flat = x.view(-1, self.in_features)
        y = torch.addmm(self.original_layer(flat), self.dropout(flat) @ self.lora_A.T, self.lora_B.T, alpha=self.scaling)
        return y.view(*x.shape[:-1], self.out_features)
