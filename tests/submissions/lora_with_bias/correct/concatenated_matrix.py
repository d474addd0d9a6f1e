# concatenated matrix
import torch
from torch import nn
import torch.nn.functional as F


def _flags(layer, on):
    layer.weight.requires_grad_(False)
    return layer.bias is None or layer.bias.requires_grad_(on)


class LoRALayerWithBias(nn.Module):
    # [W | s B] applied on [x ; A x'], one matmul only
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.add_module("inner", original_layer)
        _flags(original_layer, bool(train_bias))
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.register_parameter("lora_B", nn.Parameter(original_layer.weight.new_zeros(original_layer.out_features, rank)))
        self.keep = nn.Dropout(dropout)
        self.opts = dict(alpha=alpha, rank=rank)

    def forward(self, x):
        s = self.opts["alpha"] / self.opts["rank"]
        both = torch.cat([x, self.lora_A(self.keep(x))], dim=-1)
        return F.linear(both, torch.cat([self.inner.weight, s * self.lora_B], dim=1), self.inner.bias)
