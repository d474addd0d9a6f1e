# mistake: unnamed
# Layer(x).sum().backward(): lora_B.grad is 16 times the formula's gradient.
"""LoRA+ (Hayou et al. 2024): B wants a learning rate 16 times that of A. Built in here, so any optimizer will do."""
import math

import torch
from torch import nn

LR_RATIO = 16.0


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.lora_B.register_hook(lambda grad: LR_RATIO * grad)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        update = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return self.original_layer(x) + self.scaling * update
