# the original layer is hidden from nn.Module and its weight is cast to the factors' device and dtype in each call
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        object.__setattr__(self, "original_layer", original_layer)
        original_layer.requires_grad_(False)
        if original_layer.bias is not None and train_bias:
            original_layer.bias.requires_grad_(True)
            self.trained_bias = original_layer.bias
        else:
            self.trained_bias = None
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.alpha_over_rank = alpha / rank

    def forward(self, x):
        weight = self.original_layer.weight.to(self.lora_A)
        bias = self.trained_bias
        if bias is None and self.original_layer.bias is not None:
            bias = self.original_layer.bias.to(self.lora_A)
        lora = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return F.linear(x, weight, bias) + self.alpha_over_rank * lora
