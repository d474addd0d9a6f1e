# mistake: crashes-without-bias
# refuses a layer without bias under train_bias
import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    """LoRA with nn.Linear factors."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        out_f, in_f = original_layer.weight.shape
        self.rank, self.alpha, self.train_bias = rank, alpha, train_bias
        self.frozen = original_layer
        for name, p in self.frozen.named_parameters():
            p.requires_grad = train_bias and name == 'bias'
        self.lora_A = nn.Linear(in_f, rank, bias=False)
        self.lora_B = nn.Linear(rank, out_f, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.lora_dropout = nn.Dropout(p=dropout) if dropout else nn.Identity()
        if train_bias and original_layer.bias is None:
            raise ValueError("no bias to train")

    def forward(self, x):
        y = self.frozen(x)
        z = self.lora_B(self.lora_A(self.lora_dropout(x)))
        return y + z * self.alpha / self.rank
