# mistake: unnamed
# Dropout=0.5, train(), A = B = I: x.grad shows another mask than the output (recomputed without the RNG state).
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


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

    def update(self, x):
        return self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)

    def forward(self, x):
        y = self.original_layer(x)
        if not torch.is_grad_enabled():
            return y + self.update(x)
        # keep x only, compute the adapter again in backward; saving the RNG state each time is slow
        return y + checkpoint(self.update, x, use_reentrant=False, preserve_rng_state=False)
