# An nn.Sequential subclass: the factors are Linear subclasses inside a Sequential path and also direct children, so named_modules shows them under one name and state_dict under two. Right: parameters() has each once.
from collections import OrderedDict

import torch
from torch import nn


class Down(nn.Linear):
    """(..., in) -> (..., r), random"""

    def __init__(self, n_in, r):
        super().__init__(n_in, r, bias=False)

    def reset_parameters(self):
        nn.init.orthogonal_(self.weight) if self.weight.numel() > 1 else nn.init.normal_(self.weight)


class Up(nn.Linear):
    """(..., r) -> (..., out), zeros"""

    def __init__(self, r, n_out):
        super().__init__(r, n_out, bias=False)

    def reset_parameters(self):
        nn.init.constant_(self.weight, 0.0)


class Times(nn.Module):
    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, x):
        return self.number * x


class LoRALayerWithBias(nn.Sequential):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        down, up = Down(original_layer.in_features, rank), Up(rank, original_layer.out_features)
        path = nn.Sequential(nn.Dropout(dropout), down, up, Times(alpha / rank))
        super().__init__(OrderedDict(main=original_layer.requires_grad_(False), side=path))
        if train_bias and self.main.bias is not None:
            self.main.bias.requires_grad_()
        self.lora_A = down
        self.lora_B = up

    def forward(self, x):
        return torch.stack([self.main(x), self.side(x)]).sum(0)
