# mistake: unnamed
# Layer.eval(), then all under torch.no_grad(): layer(x); layer.lora_B.normal_(); layer(x) is still the old output (until train() or eval() is called).
import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = original_layer
        self.linear.weight.requires_grad = False
        if self.linear.bias is not None:
            self.linear.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self._delta = None

    def train(self, mode=True):
        self._delta = None  # training changes A and B, so forget the product
        return super().train(mode)

    def _apply(self, fn, *args, **kwargs):
        self._delta = None  # .to() too
        return super()._apply(fn, *args, **kwargs)

    @property
    def delta(self):
        if self._delta is None:
            self._delta = (self.scaling * self.lora_B @ self.lora_A).detach()
        return self._delta

    def forward(self, x):
        if self.training or torch.is_grad_enabled():
            return self.linear(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
        return self.linear(x) + F.linear(x, self.delta)
