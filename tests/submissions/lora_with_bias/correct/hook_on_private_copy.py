# The LoRA term is added by a forward hook (a bound method, so deepcopy works) on a private copy of the layer; forward only calls that copy. Right: the output is the formula, a copy is allowed, the caller's layer gets no hook.
import copy

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = copy.deepcopy(original_layer)
        self.linear.requires_grad_(False)
        if self.linear.bias is not None:
            self.linear.bias.requires_grad_(bool(train_bias))
        self.lora_A = nn.Parameter(nn.init.xavier_normal_(torch.empty(rank, self.linear.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(self.linear.out_features, rank))
        self.lora_dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank
        self.handle = None
        self.linear.register_forward_hook(self._add_update)

    def _add_update(self, module, args, output):
        (x,) = args
        return output + self.scaling * (self.lora_dropout(x) @ self.lora_A.mT @ self.lora_B.mT)

    def forward(self, x):
        return self.linear(x)
