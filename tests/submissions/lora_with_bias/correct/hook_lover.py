# who: interpretability researcher, solves all with hooks; unusual: a deep copy of the layer with a forward hook that adds the update, forward() only calls the copy
import copy

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.hooked = copy.deepcopy(original_layer)  # the caller's layer stays clean: a hook on it would leak
        self.hooked.requires_grad_(False)
        if self.hooked.bias is not None:
            self.hooked.bias.requires_grad_(train_bias)
        self.scale = alpha / rank
        self.drop = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(0.01 * torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.hooked.register_forward_hook(self._add_update)

    def _add_update(self, module, args, output):
        (x,) = args
        return output + self.scale * (self.drop(x) @ self.lora_A.mT @ self.lora_B.mT)

    def forward(self, x):
        return self.hooked(x)
