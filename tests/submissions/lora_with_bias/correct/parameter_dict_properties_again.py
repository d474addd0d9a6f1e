# parameter dict properties
import copy
import math

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        frozen = copy.deepcopy(original_layer)
        frozen.requires_grad_(False)
        if frozen.bias is not None:
            frozen.bias.requires_grad_(train_bias)
        a = torch.empty(rank, frozen.in_features)
        nn.init.kaiming_uniform_(a, a=math.sqrt(5))
        self.factors = nn.ParameterDict({"lora_A": nn.Parameter(a), "lora_B": nn.Parameter(torch.zeros(frozen.out_features, rank))})
        self.parts = nn.ModuleDict({"frozen": frozen, "drop": nn.Dropout(dropout)})
        self.scaling = alpha / rank

    @property
    def lora_A(self):
        return self.factors["lora_A"]

    @property
    def lora_B(self):
        return self.factors["lora_B"]

    def forward(self, x):
        h = self.parts["drop"](x)
        for f in self.factors.values():
            h = torch.einsum("...k,nk->...n", h, f)
        return torch.add(self.parts["frozen"](x), h, alpha=self.scaling)
