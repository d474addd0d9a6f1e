# keeps the merged weight while no gradients are needed; the key notices in-place changes by the version counters
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(train_bias)
        self.scale = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(nn.init.xavier_uniform_(torch.empty(rank, original_layer.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self._key, self._merged = None, None

    def _state(self):
        tensors = (self.base.weight, self.lora_A, self.lora_B)
        return tuple((id(t), t._version, t.dtype, t.device, t.data_ptr()) for t in tensors)

    def _merged_weight(self):
        key = self._state()
        if key != self._key:
            self._merged = self.base.weight + self.scale * (self.lora_B @ self.lora_A)
            self._key = key
        return self._merged

    def forward(self, x):
        dropout_active = self.training and self.dropout.p > 0
        if dropout_active or torch.is_grad_enabled():
            return self.base(x) + self.scale * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
        return F.linear(x, self._merged_weight(), self.base.bias)
