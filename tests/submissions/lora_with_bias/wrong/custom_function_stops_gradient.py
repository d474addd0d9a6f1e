# mistake: base-path-detached
# a custom function runs the frozen path under inference rules
import math

import torch
from torch import nn
from torch.nn import functional as F


class Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, W):
        return x @ W.T

    @staticmethod
    def backward(ctx, g):
        return None, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.W = nn.Parameter(original_layer.weight.detach().clone(), requires_grad=False)
        self.b = None
        if original_layer.bias is not None:
            self.b = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=train_bias)
        self.lora_A = nn.Parameter(torch.rand(rank, self.W.shape[1]) - 0.5)
        self.lora_B = nn.Parameter(self.W.new_zeros(self.W.shape[0], rank))
        self.p, self.s = dropout, alpha / rank

    def forward(self, x):
        y = Frozen.apply(x, self.W)
        y = y if self.b is None else y + self.b
        return y + self.s * F.dropout(x, self.p, self.training) @ self.lora_A.T @ self.lora_B.T
