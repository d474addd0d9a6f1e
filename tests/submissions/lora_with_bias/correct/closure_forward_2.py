# style: functional programmer, forward is a closure built in __init__ over the parameters themselves
from functools import reduce
from typing import Callable

import torch
from torch import Tensor, nn

Arrow = Callable[[Tensor], Tensor]


def compose(*fs: Arrow) -> Arrow:
    return lambda x: reduce(lambda acc, f: f(acc), fs, x)


def fork(f: Arrow, g: Arrow) -> Arrow:
    return lambda x: f(x) + g(x)


def times(w: nn.Parameter) -> Arrow:
    return lambda x: x @ w.T


def scaled(c: float) -> Arrow:
    return lambda x: c * x


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer: nn.Linear, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        out_features, in_features = original_layer.weight.shape
        self.frozen = original_layer
        self.drop = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) / in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        for name, p in original_layer.named_parameters():
            p.requires_grad_(train_bias and name == "bias")
        self.arrow = fork(
            self.frozen,
            compose(self.drop, times(self.lora_A), times(self.lora_B), scaled(alpha / rank)),
        )

    def forward(self, x):
        return self.arrow(x)
