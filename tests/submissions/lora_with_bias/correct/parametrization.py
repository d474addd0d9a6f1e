# torch.nn.utils.parametrize on the weight of a copy; the factors are registered under two names
import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize


class LowRankUpdate(nn.Module):
    def __init__(self, out_features, in_features, rank, scale):
        super().__init__()
        self.lora_A = nn.Parameter(torch.empty(rank, in_features))
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        nn.init.kaiming_normal_(self.lora_A)
        self.scale = scale

    def forward(self, weight):
        return torch.addmm(weight, self.lora_B, self.lora_A, alpha=self.scale)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = copy.deepcopy(original_layer).requires_grad_(False)
        update = LowRankUpdate(original_layer.out_features, original_layer.in_features, rank, alpha / rank)
        parametrize.register_parametrization(self.layer, "weight", update)
        if original_layer.bias is not None:
            self.layer.bias.requires_grad_(train_bias)
        self.lora_A = update.lora_A
        self.lora_B = update.lora_B
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        if not (self.training and self.dropout.p > 0):
            return self.layer(x)
        update = self.layer.parametrizations.weight[0]
        base = F.linear(x, self.layer.parametrizations.weight.original, self.layer.bias)
        return base + update.scale * F.linear(F.linear(self.dropout(x), update.lora_A), update.lora_B)
