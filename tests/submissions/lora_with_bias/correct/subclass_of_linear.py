# inherits from nn.Linear and takes over the original's parameters
import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Linear):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(
            original_layer.in_features, original_layer.out_features, bias=original_layer.bias is not None
        )
        self.weight = original_layer.weight
        self.weight.requires_grad_(False)
        if original_layer.bias is not None:
            self.bias = original_layer.bias
            self.bias.requires_grad_(train_bias)
        self.lora_alpha = alpha
        self.lora_rank = rank
        self.lora_dropout = dropout
        self.lora_A = nn.Parameter(torch.empty((rank, self.in_features)))
        self.lora_B = nn.Parameter(torch.empty((self.out_features, rank)))
        self.reset_lora_parameters()

    def reset_lora_parameters(self):
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B)

    def forward(self, input):
        result = super().forward(input)
        dropped = F.dropout(input, p=self.lora_dropout, training=self.training)
        lora = F.linear(F.linear(dropped, self.lora_A), self.lora_B)
        return torch.add(result, lora, alpha=self.lora_alpha / self.lora_rank)

    def extra_repr(self):
        return f"{super().extra_repr()}, rank={self.lora_rank}, alpha={self.lora_alpha}"
