# factors live in a ParameterDict, lora_A and lora_B are properties; the scale comes from a Fraction
from fractions import Fraction

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        r, d_in, d_out = rank, original_layer.in_features, original_layer.out_features
        self.factors = nn.ParameterDict({
            "down": nn.Parameter(torch.normal(0.0, 1.0 / r, size=(r, d_in))),
            "up": nn.Parameter(torch.zeros(d_out, r)),
        })
        self.modules_ = nn.ModuleList([original_layer, nn.Dropout(dropout)])
        for name, p in original_layer.named_parameters():
            p.requires_grad = {"weight": False, "bias": bool(train_bias)}[name]
        self.scaling = Fraction(alpha) / rank

    lora_A = property(lambda self: self.factors["down"])
    lora_B = property(lambda self: self.factors["up"])

    def forward(self, x):
        linear, dropout = self.modules_
        return linear(x) + float(self.scaling) * (dropout(x) @ (self.lora_A.T @ self.lora_B.T))
