# A dataclass that is an nn.Module: the fields are the arguments, the module is set up in __post_init__ (eq=False keeps it hashable). Right: same signature, positional or by keyword.
from dataclasses import InitVar, dataclass, field

import torch
from torch import nn


@dataclass(eq=False, repr=False)
class LoRALayerWithBias(nn.Module):
    original_layer: InitVar[nn.Linear]
    rank: int = 4
    alpha: float = 1.0
    dropout: float = 0.0
    train_bias: bool = False
    scaling: float = field(init=False)

    def __post_init__(self, original_layer):
        super().__init__()
        self.scaling = self.alpha / self.rank
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        if (b := self.base.bias) is not None:
            b.requires_grad_(self.train_bias)
        out, inp = self.base.weight.shape
        self.lora_A = nn.Parameter(torch.nn.init.trunc_normal_(torch.empty(self.rank, inp), std=0.02))
        self.lora_B = nn.Parameter(torch.zeros(out, self.rank))
        self.drop = nn.Dropout(self.dropout)

    def forward(self, x):
        return self.base(x) + self.drop(x) @ self.lora_A.T @ (self.scaling * self.lora_B).T
