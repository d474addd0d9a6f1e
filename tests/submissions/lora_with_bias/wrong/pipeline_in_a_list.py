# mistake: unnamed
# Dropout=0.5, B not zero, layer.eval(): two calls on the same x differ (the Dropout sits in a plain list, so eval() never reaches it).
import torch
from torch import nn
from functools import reduce


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original = original_layer
        for n, p in self.original.named_parameters():
            p.requires_grad = n == "bias" and train_bias
        self.lora_A = nn.Parameter(torch.randn(rank, self.original.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(self.original.out_features, rank))
        self.k = alpha / rank
        # the LoRA path, step by step
        self.pipeline = [
            nn.Dropout(dropout),
            lambda t: t @ self.lora_A.T,
            lambda t: t @ self.lora_B.T,
            lambda t: t * self.k,
        ]

    def forward(self, x):
        return self.original(x) + reduce(lambda t, f: f(t), self.pipeline, x)
