# mistake: unnamed
# Linear(4, 8), rank=6: lora_A has shape (4, 4).
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        n_in, n_out = original_layer.in_features, original_layer.out_features
        Q, _ = torch.linalg.qr(torch.randn(n_in, rank))
        self.lora_A = nn.Parameter(Q.T.contiguous())
        self.lora_B = nn.Parameter(torch.zeros(n_out, self.lora_A.shape[0]))
        self.original_layer = original_layer.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
