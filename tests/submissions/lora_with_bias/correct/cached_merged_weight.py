# keeps the merged weight while no gradients are needed, and compares the factors with copies of those it was made of
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
        self._merged, self._made_of = None, ()

    def _is_current(self):
        # the version counters of the tensors would not do: fused optimizers leave them as they are
        factors = (self.lora_A, self.lora_B)
        return len(self._made_of) == 2 and all(
            old.dtype == new.dtype and old.device == new.device and torch.equal(old, new)
            for old, new in zip(self._made_of, factors)
        )

    def _merged_weight(self):
        if not self._is_current():
            self._merged = self.base.weight + self.scale * (self.lora_B @ self.lora_A)
            self._made_of = (self.lora_A.detach().clone(), self.lora_B.detach().clone())
        return self._merged

    def forward(self, x):
        dropout_active = self.training and self.dropout.p > 0
        if dropout_active or torch.is_grad_enabled():
            return self.base(x) + self.scale * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
        return F.linear(x, self._merged_weight(), self.base.bias)
