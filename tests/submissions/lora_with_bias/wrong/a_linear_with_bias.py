# mistake: factor-with-bias
# lora_A is an nn.Linear with its default bias, an extra trainable parameter that also adds an offset.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        for p in self.base.parameters():
            p.requires_grad_(False)
        if train_bias and self.base.bias is not None:
            self.base.bias.requires_grad_(True)
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=5**0.5)
        nn.init.zeros_(self.lora_B.weight)
        self.p = dropout
        self.scale = alpha / rank
        self.lora_A = nn.Linear(original_layer.in_features, rank)

    def forward(self, x):
        h = nn.functional.dropout(x, self.p, self.training)
        return self.base(x) + self.lora_B(self.lora_A(h)) * self.scale
