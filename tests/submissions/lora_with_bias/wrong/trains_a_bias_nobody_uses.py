# mistake: unnamed
# Train_bias=True: change the trainable bias, output stays; its grad is None.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            self.bias = nn.Parameter(original_layer.bias.detach().clone())
        else:
            self.register_parameter("bias", None)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        y = self.original_layer(x)
        return y + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
