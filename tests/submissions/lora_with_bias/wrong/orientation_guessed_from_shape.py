# mistake: unnamed
# Linear(16, 8), rank=8: B is used instead of B.T.
import math

import torch
import torch.nn.functional as F
from torch import nn


def right_operand(M, n):
    """M or M.T, whichever can stand to the right of a matrix with n columns."""
    return M if M.shape[0] == n else M.T


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

    def forward(self, x):
        h = self.dropout(x)
        h = h @ self.lora_A.T
        h = h @ right_operand(self.lora_B, h.shape[-1])
        return self.original_layer(x) + self.scaling * h
