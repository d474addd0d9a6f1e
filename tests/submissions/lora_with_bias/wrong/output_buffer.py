# mistake: unnamed
# LoRALayerWithBias(nn.Linear(4, 3)).double()(torch.zeros(2, 4).double()).dtype is torch.float32 (values rounded too).
# C habit: allocate the result, then fill it part by part
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.orig = original_layer
        self.orig.weight.requires_grad = False
        if self.orig.bias is not None:
            self.orig.bias.requires_grad = train_bias
        self.n_out = original_layer.out_features
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(self.n_out, rank))
        self.mult = alpha / rank
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        out = torch.zeros(*x.shape[:-1], self.n_out, device=x.device)
        out += self.orig(x)
        h = self.drop(x) @ self.lora_A.T
        out += self.mult * (h @ self.lora_B.T)
        return out
