# mistake: unnamed
# Any layer: lora_B.bias is trainable.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        self.original_layer = original_layer
        for p in original_layer.parameters():
            p.requires_grad = False
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad = True
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=original_layer.bias is not None)
        for p in self.lora_B.parameters():
            nn.init.zeros_(p)
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.lora_B(self.lora_A(self.dropout(x))) * self.scaling
