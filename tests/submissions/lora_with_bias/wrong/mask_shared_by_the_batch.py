# mistake: unnamed
# Dropout=0.5, A = B = I, x = ones(64, 32): all rows lose the same features.
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
        self.p = dropout

    def drop(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.full(x.shape[-1:], 1 - self.p, dtype=x.dtype, device=x.device)
        return x * torch.bernoulli(keep) / keep

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.drop(x) @ self.lora_A.T @ self.lora_B.T)
