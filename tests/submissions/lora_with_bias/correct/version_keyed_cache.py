# style: performance engineer, caches B A in eval without grad, keyed by the tensors' version counters
import torch
import torch.nn.functional as F
from torch import nn


def fingerprint(*tensors):
    return tuple((id(t), t._version, t.data_ptr(), t.dtype, t.device) for t in tensors)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self._cache = None  # (fingerprint, W + scaling B A)

    def merged_weight(self):
        W = self.original_layer.weight
        key = fingerprint(self.lora_A, self.lora_B, W)
        if self._cache is None or self._cache[0] != key:
            self._cache = (key, W + self.scaling * self.lora_B @ self.lora_A)
        return self._cache[1]

    def forward(self, x):
        if not self.training and not torch.is_grad_enabled():
            # an optimizer step or a copy_ raises the version of a tensor, so the cache is never stale
            return F.linear(x, self.merged_weight(), self.original_layer.bias)
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
