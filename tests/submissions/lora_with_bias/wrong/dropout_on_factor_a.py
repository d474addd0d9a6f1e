# mistake: unnamed
# Dropout=0.5, train mode, x = a one-hot row: the update is neither 0 nor the whole doubled one (entries of A are dropped); equal rows of a batch get equal updates.
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.dropout_p = dropout
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        # A is the input side of the LoRA path
        A = F.dropout(self.lora_A, p=self.dropout_p, training=self.training)
        return self.original_layer(x) + self.scaling * F.linear(F.linear(x, A), self.lora_B)
