# unusual: frozen tensors live in a plain list outside parameters, buffers and state dict; _apply moves them
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        W, b = original_layer.weight.detach(), original_layer.bias
        self._frozen = [W.clone()]
        if b is None:
            self.bias = None
        elif train_bias:
            self.bias = nn.Parameter(b.detach().clone())
        else:
            self.bias = None
            self._frozen.append(b.detach().clone())
        self.lora_A = nn.Parameter(torch.empty(rank, W.size(1)).uniform_(-1, 1).div_(W.size(1)))
        self.lora_B = nn.Parameter(torch.zeros(W.size(0), rank))
        self.scaling = alpha / rank
        self.p = dropout

    def _apply(self, fn, *args, **kwargs):
        out = super()._apply(fn, *args, **kwargs)
        self._frozen = [fn(t) for t in self._frozen]
        return out

    def forward(self, x):
        W, *rest = self._frozen
        b = self.bias if self.bias is not None else (rest[0] if rest else None)
        y = nn.functional.linear(x, W, b)
        z = nn.functional.dropout(x, p=self.p, training=self.training)
        return y + (z @ self.lora_A.t() @ self.lora_B.t()) * self.scaling
