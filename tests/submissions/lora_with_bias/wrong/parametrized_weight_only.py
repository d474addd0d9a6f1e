# mistake: unnamed
# Dropout=0.5, train mode, x one-hot, random A and B: dropout falls on the rows of B A, each output loses the update on its own.
import copy

import torch
from torch import nn
from torch.nn.utils import parametrize


class Delta(nn.Module):
    def __init__(self, shape, rank, alpha, dropout):
        super().__init__()
        self.A = nn.Parameter(torch.randn(rank, shape[1]) * shape[1] ** -0.5)
        self.B = nn.Parameter(torch.zeros(shape[0], rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, W):
        # dropping columns of the update or entries of x is the same thing in expectation
        return W + self.scaling * self.dropout(self.B @ self.A)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = copy.deepcopy(original_layer)
        self.linear.weight.requires_grad = False
        if self.linear.bias is not None:
            self.linear.bias.requires_grad = train_bias
        delta = Delta(self.linear.weight.shape, rank, alpha, dropout)
        parametrize.register_parametrization(self.linear, "weight", delta)
        self.lora_A = delta.A
        self.lora_B = delta.B

    def forward(self, x):
        return self.linear(x)
