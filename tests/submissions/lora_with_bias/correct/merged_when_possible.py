# one matrix product with the merged weight while dropout is inactive; merge and unmerge methods
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0,
                 train_bias: bool = False):
        super().__init__()
        self.linear = original_layer
        self.linear.weight.requires_grad_(False)
        if self.linear.bias is not None:
            self.linear.bias.requires_grad_(bool(train_bias))
        self.r, self.p = rank, dropout
        self.scale = float(alpha) / float(rank)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.merged = False

    def delta_weight(self):
        return self.scale * (self.lora_B @ self.lora_A)

    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.linear.weight += self.delta_weight()
            self.merged = True

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.linear.weight -= self.delta_weight()
            self.merged = False

    def forward(self, x):
        if self.merged:
            return self.linear(x)
        if self.training and self.p > 0:
            dropped = F.dropout(x, self.p, training=True)
            return self.linear(x) + F.linear(F.linear(dropped, self.lora_A), self.lora_B) * self.scale
        return F.linear(x, self.linear.weight + self.delta_weight(), self.linear.bias)
