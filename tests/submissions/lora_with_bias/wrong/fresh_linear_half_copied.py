# mistake: unnamed
# Lin = nn.Linear(4, 3); LoRALayerWithBias(lin)(x) differs from lin(x): the frozen bias is a fresh random one, copied only under train_bias.
import torch
from torch import nn


class LoRALayerWithBias(nn.Linear):
    """Is a Linear itself, so it can replace one anywhere (isinstance checks pass)."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(
            original_layer.in_features,
            original_layer.out_features,
            bias=original_layer.bias is not None,
        )
        with torch.no_grad():
            self.weight.copy_(original_layer.weight)
            if train_bias and original_layer.bias is not None:
                self.bias.copy_(original_layer.bias)
        self.requires_grad_(False)
        if self.bias is not None:
            self.bias.requires_grad_(train_bias)

        self.lora_A = nn.Parameter(torch.empty(rank, self.in_features))
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, rank))
        nn.init.normal_(self.lora_A, std=0.02)
        self.scaling = alpha / rank
        self.lora_dropout = nn.Dropout(dropout)

    def forward(self, x):
        return super().forward(x) + self.scaling * (self.lora_dropout(x) @ self.lora_A.T @ self.lora_B.T)
