# the LoRA path is an nn.Sequential; its linear maps are registered a second time as lora_A and lora_B
from collections import OrderedDict

import torch.nn as nn


class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.pretrained = original_layer
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=False)
        self.lora = nn.Sequential(OrderedDict([
            ("dropout", nn.Dropout(dropout)),
            ("A", self.lora_A),
            ("B", self.lora_B),
            ("scale", Scale(alpha / rank)),
        ]))
        nn.init.constant_(self.lora_B.weight, 0.0)
        trainable = {"weight": False, "bias": train_bias}
        for name, param in original_layer.named_parameters():
            param.requires_grad_(trainable[name])

    def forward(self, x):
        return sum(path(x) for path in (self.pretrained, self.lora))
