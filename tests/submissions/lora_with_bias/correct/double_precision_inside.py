# style: numerics-conscious, the low-rank path is accumulated in float64 and cast back to the output's dtype
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        self.base.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(train_bias)
        # tiny A: the first steps then change the output slowly
        self.lora_A = nn.Parameter(1e-5 * torch.randn(rank, self.base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(self.base.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        y = self.base(x)
        z = self.dropout(x).double()
        delta = z @ self.lora_A.double().T @ self.lora_B.double().T
        return (y.double() + self.scaling * delta).to(y.dtype)
