# mistake: unnamed
# LoRALayerWithBias(nn.Linear(4, 3), dropout=0.5)(x) in training mode: x itself has zeros and doubled values afterwards.
import math

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        self.original_layer = original_layer
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout, inplace=True)  # no second copy of the activations
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.original_layer(x)  # first, so that dropout does not reach it
        return y + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
