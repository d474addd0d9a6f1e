# mistake: factors-not-registered
# plain tensors that are cast in each call
import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = original_layer
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias
        self.lora_A = torch.randn(rank, original_layer.in_features).requires_grad_()
        self.lora_B = torch.zeros(original_layer.out_features, rank).requires_grad_()
        self.p, self.s = dropout, alpha / rank

    def forward(self, x):
        h = F.dropout(x, self.p, self.training)
        return self.layer(x) + self.s * h @ self.lora_A.to(x).T @ self.lora_B.to(x).T
