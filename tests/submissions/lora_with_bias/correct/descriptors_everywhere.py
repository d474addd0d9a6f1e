# Descriptors: lora_A and lora_B are class attributes that hand out the registered Parameter and know its shape and initialisation. Right: access gives the nn.Parameter, parameters() has it once.
import math

import torch
from torch import nn


class Factor:
    def __init__(self, rows, cols, fill):
        self.rows, self.cols, self.fill = rows, cols, fill

    def __set_name__(self, owner, name):
        self.name = name
        owner.factors = getattr(owner, "factors", ()) + (self,)

    def create(self, obj):
        data = torch.empty(getattr(obj, self.rows), getattr(obj, self.cols))
        self.fill(data)
        obj.register_buffer  # (touches nn.Module early: a clear error if __init__ was forgotten)
        obj._parameters[self.name] = nn.Parameter(data)

    def __get__(self, obj, owner=None):
        return self if obj is None else obj._parameters[self.name]


class Scaling:
    def __get__(self, obj, owner=None):
        return self if obj is None else obj.alpha / obj.rank


def _random(t):
    bound = 1 / math.sqrt(t.shape[1])
    t.uniform_(-bound, bound)


class LoRALayerWithBias(nn.Module):
    lora_A = Factor("rank", "n_in", _random)
    lora_B = Factor("n_out", "rank", torch.Tensor.zero_)
    scaling = Scaling()

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.rank, self.alpha = rank, alpha
        self.n_out, self.n_in = original_layer.weight.shape
        self.wrapped = original_layer
        for p in original_layer.parameters():
            p.requires_grad_(p is original_layer.bias and bool(train_bias))
        self.mask = nn.Dropout(dropout)
        for factor in self.factors:
            factor.create(self)

    def forward(self, x):
        return self.wrapped(x) + self.mask(x).matmul(self.lora_A.t()).matmul(self.lora_B.t()).mul(self.scaling)
