# forward is a closure made in __init__
import torch
from torch import nn
from torch.nn.functional import dropout as drop
from torch.nn.functional import linear


def make_forward(module, p, scale):
    def forward(x):
        lora = linear(linear(drop(x, p, module.training), module.lora_A), module.lora_B)
        return module.wrapped(x).add(lora, alpha=scale)

    return forward


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.wrapped = original_layer
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.wrapped.weight.requires_grad = False
        if self.wrapped.bias is not None:
            self.wrapped.bias.requires_grad = train_bias
        self.forward = make_forward(self, dropout, alpha / rank)
