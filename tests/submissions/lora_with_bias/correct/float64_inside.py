# A careful physicist: everything is computed in float64 and rounded once, back to the input's dtype. Right: the formula's values and gradients, only with less rounding.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        assert rank >= 1 and alpha > 0 and 0 <= dropout < 1, "unphysical arguments"
        self.unperturbed = original_layer
        self.unperturbed.weight.requires_grad_(False)
        if self.unperturbed.bias is not None:
            self.unperturbed.bias.requires_grad_(bool(train_bias))
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * original_layer.in_features ** -0.5)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.coupling = float(alpha) / float(rank)

    def forward(self, x):
        W = self.unperturbed.weight.double()
        A, B, X = self.lora_A.double(), self.lora_B.double(), x.double()
        zeroth_order = X @ W.T
        if self.unperturbed.bias is not None:
            zeroth_order = zeroth_order + self.unperturbed.bias.double()
        first_order = self.coupling * torch.einsum("...i,ri,or->...o", self.dropout(X), A, B)
        return (zeroth_order + first_order).to(x.dtype)
