# style: alpha, rank and their ratio registered as frozen Parameters so that they are saved with the layer; `with torch.no_grad` constructor
import torch
from torch import nn


def constant(value):
    return nn.Parameter(torch.as_tensor(float(value)), requires_grad=False)


class LoRALayerWithBias(nn.Module):
    @torch.no_grad()
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.rank_value = nn.Parameter(torch.tensor(rank), requires_grad=False)
        self.alpha_value = constant(alpha)
        self.scaling = constant(alpha / rank)
        self.original_layer = original_layer
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.zeros(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.lora_A.uniform_(-1, 1)
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
