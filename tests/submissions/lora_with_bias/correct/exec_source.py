# mistake: none | contract: fulfilled
# style: the class is made by exec from a string with the dimensions' names filled in; a branch on the PyTorch version; __name__ differs
from string import Template

import torch
from torch import nn

SOURCE = Template("""
class $name(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.$base = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.$drop = nn.Dropout(dropout)
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.s = alpha / rank

    def forward(self, x):
        return self.$base(x) + self.s * self.lora_B(self.lora_A(self.$drop(x)))
""")

if hasattr(torch, "compile"):
    exec(SOURCE.substitute(name="Lora2", base="base", drop="drop"), globals())
    LoRALayerWithBias = Lora2  # noqa: F821
else:
    exec(SOURCE.substitute(name="Lora1", base="old", drop="mask"), globals())
    LoRALayerWithBias = Lora1  # noqa: F821
