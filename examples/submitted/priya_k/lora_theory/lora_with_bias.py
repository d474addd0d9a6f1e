import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super(LoRALayerWithBias, self).__init__()
        self.layer = original_layer
        self.layer.weight.requires_grad_(False)
        if self.layer.bias is not None:
            self.layer.bias.requires_grad_(train_bias)

        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scale = alpha / rank
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        x = self.drop(x)
        return self.layer(x) + self.scale * (x @ self.lora_A.T @ self.lora_B.T)
