# The original layer sits in a plain list, so its frozen weight is NOT among parameters(); _apply is extended so that .to() still moves it. Right: frozen parameters may be registered or not; a trained bias is registered.
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        original_layer.requires_grad_(False)
        self._secret = [original_layer]  # a list hides it from nn.Module
        self.bias = None
        if train_bias and original_layer.bias is not None:
            self.bias = original_layer.bias
            self.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout_p = dropout
        self.ratio = alpha / rank

    def _apply(self, fn, recurse=True):
        super()._apply(fn, recurse)
        self._secret[0]._apply(fn)
        return self

    def forward(self, x):
        hidden = self._secret[0]
        bias = hidden.bias if self.bias is None else self.bias
        y = F.linear(x, hidden.weight, bias)
        h = F.dropout(x, p=self.dropout_p, training=self.training)
        return y + F.linear(F.linear(h, self.lora_A), self.lora_B) * self.ratio
