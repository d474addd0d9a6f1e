# mistake: unnamed
# Call, x.copy_(other), call (a reused batch buffer): original_layer(x) is the old one.
import math
import weakref

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

        self._seen = None

    def base(self, x):
        """original_layer(x); frozen, so the same x (as in eval after train) need not be computed again."""
        frozen = not any(p.requires_grad for p in self.original_layer.parameters())
        if x.requires_grad or not frozen:
            return self.original_layer(x)
        if self._seen is None or self._seen[0]() is not x:
            self._seen = weakref.ref(x), self.original_layer(x)
        return self._seen[1]

    def forward(self, x):
        return self.base(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
