# the computation is a torch.fx graph put together node by node, and the generated code runs
import operator

import torch
import torch.nn.functional as F
from torch import fx, nn


def build_graph(scale: float) -> fx.Graph:
    g = fx.Graph()
    x = g.placeholder("x")
    y = g.call_module("frozen", (x,))
    dropped = g.call_module("noise", (x,))
    Ax = g.call_function(F.linear, (dropped, g.get_attr("lora_A")))
    BAx = g.call_function(F.linear, (Ax, g.get_attr("lora_B")))
    update = g.call_function(operator.mul, (BAx, scale))
    g.output(g.call_function(torch.add, (y, update)))
    g.lint()
    return g


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        parts = nn.Module()
        parts.frozen = original_layer.requires_grad_(False)
        if train_bias and parts.frozen.bias is not None:
            parts.frozen.bias.requires_grad_(True)
        parts.noise = nn.Dropout(dropout)
        parts.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.05)
        parts.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.program = fx.GraphModule(parts, build_graph(float(alpha / rank)), "LoRA")

    @property
    def lora_A(self):
        return self.program.lora_A

    @property
    def lora_B(self):
        return self.program.lora_B

    def forward(self, x):
        return self.program(x)
