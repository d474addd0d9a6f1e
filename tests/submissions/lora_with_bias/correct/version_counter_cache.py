# unusual: merged weight cached for inference (eval, no grad); invalidated by the tensors' version counters and by _apply
import torch
from torch import nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if original_layer.bias is not None and train_bias:
            original_layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.empty(original_layer.out_features, rank))
        with torch.no_grad():
            self.lora_A.normal_(std=0.02)
            self.lora_B.zero_()
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self._cache = None

    def _apply(self, fn, recurse=True):
        self._cache = None
        return super()._apply(fn, recurse)

    def _key(self):
        tensors = (self.original_layer.weight, self.lora_A, self.lora_B)
        return tuple((id(t), t._version, t.data_ptr(), t.dtype, t.device) for t in tensors)

    def _merged(self):
        key = self._key()
        if self._cache is None or self._cache[0] != key:
            W = self.original_layer.weight + self.scaling * (self.lora_B @ self.lora_A)
            self._cache = (key, W)
        return self._cache[1]

    def forward(self, x):
        if self.training or torch.is_grad_enabled() or torch.is_inference_mode_enabled():
            y = self.original_layer(x)
            return y + self.scaling * self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return F.linear(x, self._merged(), self.original_layer.bias)
