# mistake: dropout-ignored
# Has a branch of its own for train_bias, which merges the weights and thereby loses the dropout
import math
import torch
from torch import nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.train_bias = train_bias

    def forward(self, x):
        W, b = self.original_layer.weight, self.original_layer.bias
        if self.train_bias:
            return F.linear(x, W + self.scaling * self.lora_B @ self.lora_A, b)
        return F.linear(x, W, b) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
