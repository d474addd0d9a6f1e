# wraps a deep copy, the layer that was handed in stays as it is
from copy import deepcopy

import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    """y = W x + b + (alpha / r) B A dropout(x)"""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super(LoRALayerWithBias, self).__init__()
        self.frozen = deepcopy(original_layer)
        self.frozen.weight.requires_grad_(False)
        has_bias = self.frozen.bias is not None
        if has_bias:
            self.frozen.bias.requires_grad_(train_bias)
        self.train_bias = has_bias and train_bias

        in_features = original_layer.in_features
        out_features = original_layer.out_features
        self.lora_A = nn.Parameter(nn.init.xavier_normal_(torch.zeros(rank, in_features)))
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.lora_dropout = nn.Dropout(p=dropout)
        self.alpha = alpha
        self.rank = rank

    def forward(self, x):
        pretrained = self.frozen(x)
        lora = self.lora_dropout(x)
        lora = lora.matmul(self.lora_A.transpose(0, 1))
        lora = lora.matmul(self.lora_B.transpose(0, 1))
        return pretrained + lora * (self.alpha / self.rank)
