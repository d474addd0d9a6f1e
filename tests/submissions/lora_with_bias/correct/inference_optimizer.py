# who: serving engineer who cannot stand to compute B A twice; unusual: caches the merged weight in eval without grad, and checks by value that factors are still those it was built from
import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = original_layer
        self.linear.weight.requires_grad_(False)
        if self.linear.bias is not None:
            self.linear.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(self.linear.weight.new_empty(rank, self.linear.in_features))
        self.lora_B = nn.Parameter(self.linear.weight.new_zeros(self.linear.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self._cache = None  # ((W, A, B) as they were, W + s B A)

    @staticmethod
    def _same(now, then):
        return all(
            n.dtype == t.dtype and n.device == t.device and torch.equal(n, t) for n, t in zip(now, then)
        )

    def _merged(self):
        now = (self.linear.weight, self.lora_A, self.lora_B)
        if self._cache is None or not self._same(now, self._cache[0]):
            then = tuple(t.detach().clone() for t in now)
            self._cache = (then, then[0] + self.scaling * then[2] @ then[1])
        return self._cache[1]

    def forward(self, x):
        if self.training or torch.is_grad_enabled():
            self._cache = None
            return self.linear(x) + F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B) * self.scaling
        return F.linear(x, self._merged(), self.linear.bias)
