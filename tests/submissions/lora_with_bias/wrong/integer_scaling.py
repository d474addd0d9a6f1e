# mistake: unnamed
# Rank=4, alpha=10 (scales by 2, not 2.5) with B not zero; alpha=8 and alpha=1 are right.
"""LoRA layer. The scaling stays an integer where possible, so that it multiplies exactly in every dtype."""
import math
import torch
from torch import nn


def _scaling(alpha, rank):
    return alpha // rank if alpha >= rank else alpha / rank


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.scaling = _scaling(alpha, rank)
        self.dropout = nn.Dropout(p=dropout)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        base = self.original_layer(x)
        lora = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return base + self.scaling * lora
