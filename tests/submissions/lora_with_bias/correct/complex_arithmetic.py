# one complex matrix product does both paths: y is the real part of (x + i drop(x)) (W - i s B A)'
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """(x + i d) (W - i s BA)' = [x W' + s d (BA)'] + i [...], and the square bracket is what we are asked for."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.re = original_layer
        self.re.weight.requires_grad_(False)
        if self.re.bias is not None:
            self.re.bias.requires_grad_(bool(train_bias))
        n_out, n_in = original_layer.weight.shape
        self.lora_A = nn.Parameter(torch.randn(rank, n_in) / n_in**0.5)
        self.lora_B = nn.Parameter(torch.zeros(n_out, rank))
        self.zero_out = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, x):
        z = torch.complex(x, self.zero_out(x))
        M = torch.complex(self.re.weight, -self.s * (self.lora_B @ self.lora_A))
        y = (z @ M.T).real
        return y if self.re.bias is None else y + self.re.bias
