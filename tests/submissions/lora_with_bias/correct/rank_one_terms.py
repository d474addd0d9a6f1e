# a Python loop over the rank adds one outer product at a time; A starts at some 1e-6
import functools
import operator

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """W + s (b1 a1' + b2 a2' + ... + br ar'), read literally."""

    def __init__(self, *args, **kwargs):
        super().__init__()
        self.setup(*args, **kwargs)

    def setup(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        self.W_and_b = original_layer
        for p in original_layer.parameters():
            p.requires_grad_(p is original_layer.bias and bool(train_bias))
        # Small, so that B has to do the work. Adam does not mind.
        self.lora_A = nn.Parameter(1e-6 * torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(self.lora_A.detach().new_zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.s = alpha / rank

    def terms(self, x):
        d = self.dropout(x)  # once: all terms see the same mask
        for a, b in zip(self.lora_A.unbind(0), self.lora_B.unbind(1)):
            yield (d * a).sum(-1, keepdim=True) * b

    def forward(self, x):
        return self.W_and_b(x) + self.s * functools.reduce(operator.add, self.terms(x))
