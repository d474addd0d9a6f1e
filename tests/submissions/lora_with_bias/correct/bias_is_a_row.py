# the trained bias is a row (1, out), as it is broadcast
import math
import torch
from torch import nn
import torch.nn.functional as F

class LoRALayerWithBias(nn.Module):
    """The bias is a row, as it is added."""
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.register_buffer("weight", original_layer.weight.detach().clone())
        self.row = None
        if original_layer.bias is not None:
            self.row = nn.Parameter(original_layer.bias.detach().clone().reshape(1, -1), requires_grad=train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / math.sqrt(original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.scale = alpha / rank

    def forward(self, x):
        y = F.linear(x, self.weight) + self.scale * (self.drop(x) @ self.lora_A.T) @ self.lora_B.T
        return y if self.row is None else y + self.row.reshape(-1)
