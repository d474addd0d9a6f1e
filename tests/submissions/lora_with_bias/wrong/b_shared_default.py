# mistake: factors-shared
# B comes from a memoised helper, so two layers of the same shape share one B.
import torch
import torch.nn as nn
from functools import lru_cache


@lru_cache(maxsize=None)
def zeros_parameter(rows, cols):
    return nn.Parameter(torch.zeros(rows, cols))


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = zeros_parameter(original_layer.out_features, rank)
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
