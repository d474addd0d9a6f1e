# the factors are of a subclass of nn.Parameter whose __torch_function__ counts how often each operation touches them
import collections

import torch
import torch.nn.functional as F
from torch import nn


class Factor(nn.Parameter):
    """A parameter that keeps a record of its use. The results are ordinary tensors."""

    uses = collections.Counter()

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.uses[getattr(func, "__name__", str(func))] += 1
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        # a new layer round the same numbers, so the flags of the old one do not matter
        W, b = original_layer.weight.detach(), original_layer.bias
        self.W = nn.Parameter(W.clone(), requires_grad=False)
        self.b = None if b is None else nn.Parameter(b.detach().clone(), requires_grad=bool(train_bias))
        self.lora_A = Factor(torch.randn(rank, W.shape[1]).pow(3) / W.shape[1])  # few large entries, many small
        self.lora_B = Factor(torch.zeros(W.shape[0], rank))
        self.dropout = nn.Dropout(dropout)
        self.factor = alpha / rank

    @staticmethod
    def report():
        return dict(Factor.uses.most_common())

    def forward(self, x):
        return F.linear(x, self.W, self.b) + self.factor * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
