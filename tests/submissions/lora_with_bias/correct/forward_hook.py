# the LoRA path is added by a forward hook on a copy of the layer
import copy

import torch
from torch import nn


def _add_lora(module, args, output):
    (x,) = args
    return output + module.lora_scale * (module.lora_dropout(x) @ module.lora_A.T @ module.lora_B.T)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        layer = copy.deepcopy(original_layer)
        layer.weight.requires_grad_(False)
        if layer.bias is not None:
            layer.bias.requires_grad_(train_bias)
        layer.lora_A = nn.Parameter(torch.rand(rank, layer.in_features) - 0.5)
        layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
        layer.lora_dropout = nn.Dropout(dropout)
        layer.lora_scale = alpha / rank
        layer.register_forward_hook(_add_lora)
        self.layer = layer

    @property
    def lora_A(self):
        return self.layer.lora_A

    @property
    def lora_B(self):
        return self.layer.lora_B

    def forward(self, x):
        return self.layer(x)
