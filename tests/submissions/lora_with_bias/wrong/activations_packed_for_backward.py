# mistake: unnamed
# B nonzero, any x: lora_A.grad is off by about 0.2 % (x was saved in bfloat16).
import math

import torch
import torch.nn.functional as F
from torch import nn


def pack(t):
    # what backward needs of the activations fits into 16 bits
    return (t.dtype, t.bfloat16()) if t.is_floating_point() and not isinstance(t, nn.Parameter) and t.is_leaf else t


def unpack(saved):
    return saved[1].to(saved[0]) if isinstance(saved, tuple) else saved


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        y = self.original_layer(x)
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            h = F.linear(self.dropout(x), self.lora_A)
        return y + self.scaling * F.linear(h, self.lora_B)
