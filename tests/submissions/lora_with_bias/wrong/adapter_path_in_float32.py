# mistake: unnamed
# .to(torch.float64), alpha/rank = 0.5, B nonzero: error 1e-7 relative, not 1e-16.
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

    def forward(self, x):
        y = self.original_layer(x)
        # the adapter is computed in float32 whatever x is, as PEFT does
        A, B = self.lora_A.float(), self.lora_B.float()
        update = self.dropout(x.float()) @ A.T @ B.T
        return y + self.scaling * update.to(y.dtype)
