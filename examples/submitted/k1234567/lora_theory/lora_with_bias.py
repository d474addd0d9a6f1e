import math

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """LoRA with an optional trainable bias."""

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.original_layer = original_layer

        # freeze W, bias only when asked
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

        self.lora_A = nn.Parameter(torch.zeros(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.original_layer(x)
        # x: (batch, seq, in) -> (batch, seq, rank) -> (batch, seq, out)
        lora = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return h + lora * self.scaling
