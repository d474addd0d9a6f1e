# an abstract base whose __new__ picks a subclass for the bias's treatment
import abc

import torch
from torch import nn


class LoRALayerWithBias(nn.Module, abc.ABC):
    def __new__(cls, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        if cls is LoRALayerWithBias:
            cls = TrainedBias if train_bias and original_layer.bias is not None else FrozenBias
        return super().__new__(cls)

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * rank**-0.5)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank
        self.prepare_bias()

    def __reduce_ex__(self, protocol):
        return super().__reduce_ex__(max(protocol, 2))

    def __getnewargs__(self):
        return (self.original_layer,)

    @abc.abstractmethod
    def prepare_bias(self):
        ...

    def forward(self, x):
        z = self.dropout(x)
        for factor in (self.lora_A, self.lora_B):
            z = nn.functional.linear(z, factor)
        return self.original_layer(x) + self.scaling * z


class FrozenBias(LoRALayerWithBias):
    def prepare_bias(self):
        pass


class TrainedBias(LoRALayerWithBias):
    def prepare_bias(self):
        self.original_layer.bias.requires_grad_(True)
