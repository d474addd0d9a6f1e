# unusual: minLoRA style torch parametrization of a copied Linear's weight; in training the dropout path is taken beside it
import copy

import torch
from torch import nn
from torch.nn.utils import parametrize


class LoRAParametrization(nn.Module):
    def __init__(self, A, B, scaling):
        super().__init__()
        self.lora_A, self.lora_B, self.scaling = A, B, scaling

    def forward(self, W):
        return W + self.scaling * torch.matmul(self.lora_B, self.lora_A)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        fan_out, fan_in = original_layer.weight.shape
        self.lora_A = nn.Parameter(torch.empty(rank, fan_in))
        self.lora_B = nn.Parameter(torch.zeros(fan_out, rank))
        nn.init.xavier_normal_(self.lora_A)
        self.scaling = alpha / rank
        self.p = dropout

        self.linear = copy.deepcopy(original_layer)
        self.linear.requires_grad_(False)
        parametrize.register_parametrization(
            self.linear, "weight", LoRAParametrization(self.lora_A, self.lora_B, self.scaling)
        )
        if train_bias and self.linear.bias is not None:
            self.linear.bias.requires_grad_(True)

    def forward(self, x):
        if self.training and self.p > 0:
            W = self.linear.parametrizations.weight.original
            z = nn.functional.dropout(x, self.p, True)
            return nn.functional.linear(x, W, self.linear.bias) + self.scaling * z @ self.lora_A.T @ self.lora_B.T
        return self.linear(x)
