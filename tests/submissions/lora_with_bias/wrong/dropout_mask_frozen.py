# mistake: unnamed
# The mask is drawn once and reused for every later call of the same shape.
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
        self._masks = {}

    def forward(self, x):
        h = x
        if self.training and self.p > 0:
            if x.shape not in self._masks:
                self._masks[x.shape] = (torch.rand(x.shape, device=x.device) >= self.p) / (1 - self.p)
            h = x * self._masks[x.shape].to(x.dtype)
        return self.base(x) + self.lora_B(self.lora_A(h)) * self.scale
