import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    """y = W x + b + (alpha / r) B A x"""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        in_features, out_features = original_layer.in_features, original_layer.out_features

        self.weight = nn.Parameter(original_layer.weight.data.clone(), requires_grad=False)
        if original_layer.bias is not None:
            self.bias = nn.Parameter(original_layer.bias.data.clone(), requires_grad=train_bias)
        else:
            self.register_parameter("bias", None)

        self.lora_A = nn.Parameter(torch.empty(rank, in_features))
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.p = dropout
        self.scaling = alpha / rank

    def forward(self, x):
        dropped = F.dropout(x, p=self.p, training=self.training)
        return F.linear(x, self.weight, self.bias) + self.scaling * (dropped @ self.lora_A.T @ self.lora_B.T)
