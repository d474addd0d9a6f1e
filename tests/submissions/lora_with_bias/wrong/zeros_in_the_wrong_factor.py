# mistake: unnamed
# LoRALayerWithBias(nn.Linear(4, 3)).lora_B has non-zero entries, lora_A is zero.
import math
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    r"""
    $\Delta W = \frac{\alpha}{r} A B$: the first factor random, the second one zero.
    In code the second factor to be multiplied with W's input is `lora_A`.
    """

    def __init__(self, original_layer: nn.Linear, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.zeros(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.empty(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_B, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
