import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = original_layer
        self.linear.requires_grad_(False)
        if train_bias and self.linear.bias is not None:
            self.linear.bias.requires_grad_(True)
        std = original_layer.in_features ** -0.5
        self.lora_A = nn.Parameter(std * torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        down = nn.functional.linear(self.dropout(x), self.lora_A)
        up = nn.functional.linear(down, self.lora_B)
        return self.linear(x) + self.scaling * up
