# loop over rank
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    # Summe von Rang-1-Updates, eine Schleife ueber die Komponenten
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.alt = original_layer
        self.alt.requires_grad_(False)
        if train_bias and self.alt.bias is not None:
            self.alt.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.alpha, self.rank, self.p = alpha, rank, dropout

    def forward(self, x):
        maske = torch.ones_like(x)
        if self.training and self.p > 0:
            maske = torch.empty_like(x).bernoulli_(1 - self.p) / (1 - self.p)
        eingabe = x * maske
        y = self.alt(x)
        for a, b in zip(self.lora_A.unbind(0), self.lora_B.unbind(1)):
            koeffizient = (eingabe * a).sum(-1, keepdim=True)
            y = y + (self.alpha / self.rank) * koeffizient * b
        return y
