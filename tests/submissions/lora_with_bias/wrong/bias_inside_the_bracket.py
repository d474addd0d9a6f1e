# mistake: unnamed
# LoRALayerWithBias(lin, rank=4, alpha=8, train_bias=True)(x) at creation differs from lin(x) by the bias.
import torch
from torch import nn
from torch.nn.functional import linear


class LoRALayerWithBias(nn.Module):
    """All that is trained is one path (A, B, bias); all that is frozen is the other."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.lin = original_layer
        self.lin.weight.requires_grad_(False)
        self.train_bias = train_bias and self.lin.bias is not None
        if self.lin.bias is not None:
            self.lin.bias.requires_grad_(self.train_bias)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.randn(rank, self.lin.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(self.lin.out_features, rank))

    def frozen_path(self, x):
        return linear(x, self.lin.weight, None if self.train_bias else self.lin.bias)

    def trained_path(self, x):
        bias = self.lin.bias if self.train_bias else None
        return linear(linear(self.dropout(x), self.lora_A), self.lora_B, bias)

    def forward(self, x):
        return self.frozen_path(x) + self.scaling * self.trained_path(x)
