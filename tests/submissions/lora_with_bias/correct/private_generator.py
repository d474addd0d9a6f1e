# style: reproducibility fan, a private torch.Generator (fresh seed for each layer) for init and dropout; global RNG untouched
import secrets

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.seed = secrets.randbits(48)
        self.generator = torch.Generator().manual_seed(self.seed)
        self.pretrained = original_layer
        for p in self.pretrained.parameters(recurse=False):
            p.requires_grad_(train_bias and p is self.pretrained.bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features, generator=self.generator))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.alpha = alpha
        self.dropout = dropout

    @property
    def rank(self):
        return len(self.lora_A)

    def mask(self, x):
        kept = torch.rand(x.shape, generator=self.generator) >= self.dropout  # on the CPU on every device: same mask
        return kept.to(x.device) / x.new_tensor(1 - self.dropout)

    def forward(self, x):
        z = x * self.mask(x) if self.training and self.dropout > 0 else x
        return self.pretrained(x) + (z @ self.lora_A.T) @ self.lora_B.T * self.alpha / self.rank
