# mistake: unnamed
# Layer.eval(); x.requires_grad_(); layer(x).requires_grad is False.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scale = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        # graph only while training, inference stays light
        with torch.set_grad_enabled(self.training and torch.is_grad_enabled()):
            return self.base(x) + self.scale * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
