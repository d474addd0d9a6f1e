# mistake: unnamed
# X of shape (4, 1, in): y has shape (4, 4, out).
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
        h = self.dropout(x)
        rows = h.reshape(-1, h.shape[-1], 1)  # one column vector for each token
        n = rows.shape[0]
        Ah = torch.bmm(self.lora_A.expand(n, -1, -1), rows)
        BAh = torch.bmm(self.lora_B.expand(n, -1, -1), Ah)
        update = BAh.reshape(*x.shape[:-1], -1, 1).squeeze()
        return self.original_layer(x) + self.scaling * update
