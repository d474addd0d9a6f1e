# mistake: unnamed
# The LoRA path is checkpointed with use_reentrant=True, so the factors get no gradient at all where x itself does not require grad.
# style: memory saver, activation checkpointing
import math

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


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

    def lora_path(self, x):
        return self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)

    def forward(self, x):
        base = self.original_layer(x)
        if self.training and torch.is_grad_enabled():
            return base + checkpoint(self.lora_path, x, use_reentrant=True)
        return base + self.lora_path(x)
