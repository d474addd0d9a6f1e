# who: JAX/Haiku user, pure functions and pytrees; unusual: torch.func.functional_call on the wrapped layer with a substituted weight, stateless apply() function
from typing import NamedTuple, Optional

import torch
from torch import nn
from torch.func import functional_call


class Hyper(NamedTuple):
    scale: float
    rate: float


def lora_delta(a, b, scale):
    return scale * torch.matmul(b, a)


def apply(layer, params, hyper, x, *, train):
    """params: dict with 'a', 'b', 'weight' and maybe 'bias'. Pure, apart from the dropout's random numbers."""
    base = {k: v for k, v in params.items() if k in ("weight", "bias")}
    if train and hyper.rate > 0:
        y = functional_call(layer, base, (x,))
        dropped = nn.functional.dropout(x, hyper.rate, training=True)
        return y + hyper.scale * (dropped @ params["a"].T) @ params["b"].T
    base["weight"] = base["weight"] + lora_delta(params["a"], params["b"], hyper.scale)
    return functional_call(layer, base, (x,))


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.inner = original_layer
        self.hyper = Hyper(alpha / rank, dropout)
        self.lora_A = nn.Parameter(nn.init.orthogonal_(torch.empty(rank, original_layer.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        is_trained = {"weight": False, "bias": train_bias}
        for k, p in original_layer.named_parameters():
            p.requires_grad_(is_trained[k])

    def forward(self, x):
        params = {"a": self.lora_A, "b": self.lora_B, **dict(self.inner.named_parameters())}
        return apply(self.inner, params, self.hyper, x, train=self.training)
