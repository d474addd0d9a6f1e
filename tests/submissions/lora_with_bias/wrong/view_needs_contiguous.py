# mistake: unnamed
# X = torch.randn(3, 8, 5).transpose(1, 2): view raises.
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
        rows = x.view(-1, x.shape[-1])
        update = torch.mm(torch.mm(self.dropout(rows), self.lora_A.t()), self.lora_B.t())
        y = self.original_layer(rows) + self.scaling * update
        return y.view(*x.shape[:-1], -1)
