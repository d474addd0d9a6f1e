# the layer is an nn.ModuleDict: factors and original are its entries, `__call__` reads them by key
import math

from torch import nn


class LoRALayerWithBias(nn.ModuleDict):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        a = nn.Linear(original_layer.in_features, rank, bias=False)
        b = nn.Linear(rank, original_layer.out_features, bias=False)
        nn.init.kaiming_uniform_(a.weight, a=math.sqrt(5))
        nn.init.zeros_(b.weight)
        super().__init__({"base": original_layer, "drop": nn.Dropout(dropout), "lora_A": a, "lora_B": b})
        for name, parameter in original_layer.named_parameters():
            parameter.requires_grad_(name == "bias" and train_bias)
        self.ratio = alpha, rank

    def forward(self, x):
        alpha, rank = self.ratio
        return self["base"](x) + self["lora_B"](self["lora_A"](self["drop"](x))) * alpha / rank
