# A metaclass sets every requires_grad flag after __init__, and __new__ picks a subclass by train_bias. Right: the instance is a LoRALayerWithBias and an nn.Module whose flags are exactly the contract's.
import torch
from torch import nn


class Freezer(type):
    """After an instance is built, only what the class names as `learns` stays trainable."""

    def __call__(cls, *args, **kwargs):
        obj = super().__call__(*args, **kwargs)
        for name, p in obj.named_parameters():
            p.requires_grad_(name in type(obj).learns)
        return obj


class LoRALayerWithBias(nn.Module, metaclass=Freezer):
    learns = frozenset({"lora_A", "lora_B"})

    def __new__(cls, original_layer=None, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        if cls is LoRALayerWithBias and train_bias:
            cls = _AndBias
        return super().__new__(cls)

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original = original_layer
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features).normal_(0, 0.3))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.noise = nn.Dropout(dropout)
        self.gain = alpha / rank

    def forward(self, x):
        return torch.add(self.original(x), self.noise(x) @ self.lora_A.T @ self.lora_B.T, alpha=self.gain)


class _AndBias(LoRALayerWithBias):
    learns = LoRALayerWithBias.learns | {"original.bias"}
