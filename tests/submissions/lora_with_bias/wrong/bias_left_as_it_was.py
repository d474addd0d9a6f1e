# mistake: unnamed
# LoRALayerWithBias(nn.Linear(4, 3)).original_layer.bias.requires_grad is True with the default train_bias=False.
import math
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """LoRA + bias. The weight is frozen, the bias is switched on if wanted."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if train_bias and self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = True

        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
