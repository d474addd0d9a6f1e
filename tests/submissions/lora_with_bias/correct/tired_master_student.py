# who: master student at 2 a.m., reads the hints and does exactly what they say; unusual: inherits from lab.LoRALayer, four lines
import torch
from torch import nn
from lab import LoRALayer


class LoRALayerWithBias(LoRALayer):
    # everything is already there :)
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias

# TODO sleep
