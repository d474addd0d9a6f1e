# frozen tensors in a plain tuple, moved by an override of _apply; only what is trained is registered
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        weight, bias = original_layer.weight, original_layer.bias
        if train_bias and bias is not None:
            self.bias = nn.Parameter(bias.detach().clone())
            self._frozen = (weight.detach().clone(), None)
        else:
            self.register_parameter("bias", None)
            self._frozen = (weight.detach().clone(), None if bias is None else bias.detach().clone())
        self.lora_A = nn.Parameter(torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.lora_B = nn.Parameter(torch.zeros(weight.shape[0], rank))
        self.dropout = dropout
        self.scaling = alpha / rank

    def _apply(self, fn, *args, **kwargs):
        super()._apply(fn, *args, **kwargs)
        self._frozen = tuple(t if t is None else fn(t) for t in self._frozen)
        return self

    def forward(self, x):
        weight, frozen_bias = self._frozen
        y = F.linear(x, weight, frozen_bias if self.bias is None else self.bias)
        h = F.dropout(x, self.dropout, self.training)
        return y + F.linear(F.linear(h, self.lora_A), self.scaling * self.lora_B)
