# the adapter is a module of its own, the layer shows its nn.Linear factors through __getattr__
import torch
from torch import nn


class Adapter(nn.Module):
    def __init__(self, n_in, n_out, rank, scale, p):
        super().__init__()
        self.lora_A = nn.Linear(n_in, rank, bias=False)
        self.lora_B = nn.Linear(rank, n_out, bias=False)
        torch.nn.init.zeros_(self.lora_B.weight)
        self.dropout = nn.Dropout(p)
        self.scale = scale

    def forward(self, x):
        return self.lora_B(self.lora_A(self.dropout(x)).mul(self.scale))


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base_layer = original_layer
        self.adapter = Adapter(
            original_layer.in_features, original_layer.out_features, rank, alpha / rank, dropout
        )
        self.base_layer.weight.requires_grad_(False)
        if self.base_layer.bias is not None:
            self.base_layer.bias.requires_grad_(train_bias)

    def __getattr__(self, name):
        if name in ("lora_A", "lora_B"):
            return getattr(self.adapter, name)
        return super().__getattr__(name)

    def forward(self, x):
        y = self.base_layer(x)
        y += self.adapter(x)
        return y
