# Caches s B A for inference under no_grad, but compares the factors with kept copies at every call, so a stale product is never used. Right: the output always follows the present factors.
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.fc = original_layer
        self.fc.weight.requires_grad_(False)
        if self.fc.bias is not None:
            self.fc.bias.requires_grad_(bool(train_bias))
        self.lora_A = nn.Parameter(nn.init.kaiming_normal_(torch.empty(rank, original_layer.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.scaling = alpha / rank
        self._cache = None  # (A then, B then, s B A)

    def _same(self, then, now):
        return then.dtype == now.dtype and then.device == now.device and torch.equal(then, now)

    def _delta(self):
        A, B = self.lora_A.detach(), self.lora_B.detach()
        if self._cache is None or not (self._same(self._cache[0], A) and self._same(self._cache[1], B)):
            self._cache = (A.clone(), B.clone(), self.scaling * (B @ A))
        return self._cache[2]

    def forward(self, x):
        if torch.is_grad_enabled() or self.training:
            return self.fc(x) + self.scaling * F.linear(F.linear(self.drop(x), self.lora_A), self.lora_B)
        return self.fc(x) + F.linear(x, self._delta())
