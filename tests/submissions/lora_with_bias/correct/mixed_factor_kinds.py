# lora_A is an nn.Parameter and lora_B is an nn.Linear without bias. Right: the contract says "EACH is a Parameter, or an nn.Linear without bias", so they may differ.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.frozen = original_layer
        self.frozen.weight.requires_grad_(False)
        if self.frozen.bias is not None:
            self.frozen.bias.requires_grad_(bool(train_bias))
        n_out, n_in = original_layer.weight.shape
        self.lora_A = nn.Parameter(torch.empty(rank, n_in).uniform_(-1, 1) / n_in**0.5)
        self.lora_B = nn.Linear(rank, n_out, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.drop = nn.Dropout(dropout)
        self.factor = alpha / rank

    def forward(self, x):
        compressed = nn.functional.linear(self.drop(x), self.lora_A)
        return self.frozen(x) + self.lora_B(self.factor * compressed)
