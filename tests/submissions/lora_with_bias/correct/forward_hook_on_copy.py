# style: forward hook (bound method) on a private copy of the layer adds the low-rank path
import copy

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        host = copy.deepcopy(original_layer)
        for p in host.parameters():
            p.requires_grad = False
        if host.bias is not None and train_bias:
            host.bias.requires_grad = True
        self.lora_A = nn.Linear(host.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, host.out_features, bias=False)
        nn.init.normal_(self.lora_A.weight, std=1 / rank)
        nn.init.constant_(self.lora_B.weight, 0)
        self.register_module("lora_dropout", nn.Dropout(dropout))
        self.scaling = alpha / rank
        self.host = host
        self.handle = host.register_forward_hook(self._add_low_rank)

    def _add_low_rank(self, module, args, output):
        (x,) = args
        return output + self.scaling * self.lora_B(self.lora_A(self.lora_dropout(x)))

    def forward(self, x):
        return self.host(x)
