# mistake: unnamed
# The original weight is kept as a plain tensor, .to(dtype) does not move it and forward then mixes dtypes.
import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.weight = original_layer.weight.detach().clone()
        self.bias = None
        if original_layer.bias is not None:
            self.bias = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
