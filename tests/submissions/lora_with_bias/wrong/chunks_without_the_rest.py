# mistake: unnamed
# X of shape (1500, in), B nonzero: rows 1024 and up get no update.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)

    CHUNK = 1024  # rows of x that go through the adapter at a time

    def forward(self, x):
        y = self.original_layer(x)
        rows = self.dropout(x).reshape(-1, x.shape[-1])
        n_chunks = max(1, len(rows) // self.CHUNK)
        if n_chunks == 1 and len(rows) <= self.CHUNK:
            update = rows @ self.lora_A.T @ self.lora_B.T
        else:
            parts = []
            for i in range(n_chunks):
                part = rows[i * self.CHUNK : (i + 1) * self.CHUNK]
                parts.append(part @ self.lora_A.T @ self.lora_B.T)
            update = torch.cat(parts)
            update = F.pad(update, (0, 0, 0, len(rows) - len(update)))
        return y + self.scaling * update.view(y.shape)
