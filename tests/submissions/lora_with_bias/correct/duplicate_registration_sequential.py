# style: the branch is an nn.Sequential whose members are registered a second time as lora_A / lora_B; names appear twice in state_dict
from collections import OrderedDict

import torch
from torch import nn


class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


class Down(nn.Linear):
    """(in -> rank), a subclass only to have a nice name in print(model)."""


class Up(nn.Linear):
    def reset_parameters(self):
        nn.init.zeros_(self.weight)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.lora_A = Down(original_layer.in_features, rank, bias=False)
        self.lora_B = Up(rank, original_layer.out_features, bias=False)
        self.branch = nn.Sequential(OrderedDict([
            ("dropout", nn.Dropout(dropout)),
            ("down", self.lora_A),
            ("up", self.lora_B),
            ("scale", Scale(alpha / rank)),
        ]))
        self.paths = nn.ModuleList([original_layer, self.branch])
        self.bias = original_layer.bias
        original_layer.weight.requires_grad = False
        if self.bias is not None:
            self.bias.requires_grad = train_bias

    def forward(self, x):
        return sum(path(x) for path in self.paths)
