# mistake: unnamed
# The product kept for evaluation is keyed by the factors' version counters, which .to() does not touch: call, .to(float64), call mixes dtypes.
# style: inference cache with version counters
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(bool(train_bias))
        self.rank = rank
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self._cached, self._key = None, None

    def delta(self):
        if torch.is_grad_enabled():
            return self.scaling * (self.lora_B @ self.lora_A)
        key = (self.lora_A._version, self.lora_B._version)
        if key != self._key:
            self._key, self._cached = key, self.scaling * (self.lora_B @ self.lora_A)
        return self._cached

    def forward(self, x):
        return self.original_layer(x) + F.linear(self.dropout(x), self.delta())
