# style: torch.nn.utils.parametrize on a deep copy of the layer; factors live in the parametrization, exposed as properties
import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize


class LowRankUpdate(nn.Module):
    def __init__(self, out_features: int, in_features: int, rank: int, scale: float):
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) * rank**-0.5)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.scale = scale

    def forward(self, W):
        return W + self.scale * self.lora_B @ self.lora_A


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = copy.deepcopy(original_layer).requires_grad_(False)
        if self.linear.bias is not None:
            self.linear.bias.requires_grad_(train_bias)
        update = LowRankUpdate(*original_layer.weight.shape, rank, alpha / rank)
        parametrize.register_parametrization(self.linear, "weight", update)
        self.p = dropout

    @property
    def update(self):
        return self.linear.parametrizations.weight[0]

    @property
    def lora_A(self):
        return self.update.lora_A

    @property
    def lora_B(self):
        return self.update.lora_B

    def forward(self, x):
        if not (self.training and self.p > 0):
            return self.linear(x)
        # the two paths see different inputs now
        W0 = self.linear.parametrizations.weight.original
        low = F.dropout(x, self.p) @ self.lora_A.T @ self.lora_B.T
        return F.linear(x, W0, self.linear.bias) + self.update.scale * low
