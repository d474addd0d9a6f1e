# mistake: unnamed
# Copy_ into lora_A, then into lora_B: the last entry of A is overwritten by the first of B.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)

        n_in, n_out = original_layer.in_features, original_layer.out_features
        # one piece of memory for both, as fused optimizers like it
        flat = torch.zeros(rank * (n_in + n_out))
        end_of_A = rank * n_in
        A, B = flat[:end_of_A], flat[end_of_A - 1 : end_of_A - 1 + rank * n_out]
        nn.init.kaiming_uniform_(A.view(rank, n_in), a=math.sqrt(5))
        B.zero_()
        self.lora_A = nn.Parameter(A.view(rank, n_in))
        self.lora_B = nn.Parameter(B.view(n_out, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
