# unusual: __new__ picks a private subclass for layers with trained, frozen or no bias; forward is shared
import torch
from torch import nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __new__(cls, original_layer=None, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        if cls is LoRALayerWithBias and original_layer is not None:
            if original_layer.bias is None:
                cls = _NoBias
            elif train_bias:
                cls = _TrainedBias
            else:
                cls = _FrozenBias
        return super().__new__(cls)

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.register_buffer("weight", original_layer.weight.detach().clone())
        self.take_bias(original_layer.bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.05)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def take_bias(self, bias):
        raise NotImplementedError

    def forward(self, x):
        out = F.linear(x, self.weight, self.bias)
        return torch.add(out, F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B), alpha=self.scaling)


class _NoBias(LoRALayerWithBias):
    bias = None

    def take_bias(self, bias):
        pass


class _FrozenBias(LoRALayerWithBias):
    def take_bias(self, bias):
        self.register_buffer("bias", bias.detach().clone())


class _TrainedBias(LoRALayerWithBias):
    def take_bias(self, bias):
        self.bias = nn.Parameter(bias.detach().clone())
