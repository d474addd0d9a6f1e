# mistake: unnamed
# Train_bias=True, eval() under no_grad: call, copy_ into the bias, call: stale.
import math

import torch
import torch.nn.functional as F
from torch import nn


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

        self._merged = None

    def merged(self):
        key = tuple((p._version, p.dtype, p.device) for p in (self.lora_A, self.lora_B, self.original_layer.weight))
        if self._merged is None or self._merged[0] != key:
            weight = self.original_layer.weight + self.scaling * (self.lora_B @ self.lora_A)
            bias = self.original_layer.bias
            self._merged = key, weight.detach(), None if bias is None else bias.detach().clone()
        return self._merged[1:]

    def forward(self, x):
        if not self.training and not torch.is_grad_enabled():
            return F.linear(x, *self.merged())
        update = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return self.original_layer(x) + self.scaling * update
