# torch.nn.utils.parametrize: the copy's weight IS W + s B A, recomputed at every call; with active dropout the two paths are computed apart. The factors are registered twice (same objects). Right: values, gradients and the set parameters() are the contract's.
import copy
import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrize


class LowRankPlus(nn.Module):
    def __init__(self, n_out, n_in, rank, scale):
        super().__init__()
        self.lora_A = nn.Parameter(torch.empty(rank, n_in))
        self.lora_B = nn.Parameter(torch.zeros(n_out, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scale = scale

    def forward(self, W):
        return W + self.scale * (self.lora_B @ self.lora_A)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        layer = copy.deepcopy(original_layer).requires_grad_(False)
        if layer.bias is not None and train_bias:
            layer.bias.requires_grad_(True)
        extra = LowRankPlus(layer.out_features, layer.in_features, rank, alpha / rank)
        parametrize.register_parametrization(layer, "weight", extra)
        self.layer = layer
        self.lora_A = extra.lora_A
        self.lora_B = extra.lora_B
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        if not (self.training and self.dropout.p):
            return self.layer(x)
        params = self.layer.parametrizations.weight
        frozen = F.linear(x, params.original, self.layer.bias)
        return frozen + params[0].scale * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
