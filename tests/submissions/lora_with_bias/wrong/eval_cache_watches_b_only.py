# mistake: unnamed
# Eval(), call, copy_ into lora_A only, call: stale.
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

        self._delta, self._stamp = None, None

    def delta(self):
        """(alpha / rank) * B A, computed again only after the factors have changed."""
        stamp = (self.lora_B._version, self.lora_B.dtype, self.lora_B.device)
        if stamp != self._stamp:
            self._delta = (self.scaling * (self.lora_B @ self.lora_A)).detach()
            self._stamp = stamp
        return self._delta

    def forward(self, x):
        if self.training or torch.is_grad_enabled():
            return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
        return self.original_layer(x) + F.linear(x, self.delta())
