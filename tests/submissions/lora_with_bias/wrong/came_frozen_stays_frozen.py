# mistake: unnamed
# Lin = nn.Linear(4, 3).requires_grad_(False); LoRALayerWithBias(lin, train_bias=True) trains no bias.
# Works with the "freeze by policy" object that we use in the group.
import torch
from torch import nn


class FreezePolicy:
    def __init__(self, *names):
        self.names = set(names)

    def apply(self, module):
        for name, p in module.named_parameters(recurse=False):
            if name in self.names:
                p.requires_grad = False
        return module


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        policy = FreezePolicy("weight") if train_bias else FreezePolicy("weight", "bias")
        self.base = policy.apply(original_layer)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, x):
        return self.base(x) + self.drop(x).matmul(self.lora_A.t()).matmul(self.lora_B.t()) * self.s
