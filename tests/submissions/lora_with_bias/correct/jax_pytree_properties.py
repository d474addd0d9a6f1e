# A JAX user: pure init/apply functions on a dict of parameters ("params.A", "params.B", "params.b"), and lora_A / lora_B are properties that return those Parameters. Right: layer.lora_A is an nn.Parameter of the right shape; other names are free.
from typing import NamedTuple, Optional

import torch
from torch import nn


class Static(NamedTuple):
    scale: float
    rate: float


def init(n_in, n_out, rank, bias: Optional[torch.Tensor]):
    tree = {"A": torch.randn(rank, n_in) / rank, "B": torch.zeros(n_out, rank)}
    if bias is not None:
        tree["b"] = bias
    return tree


def apply(params, frozen, static, x, *, deterministic):
    z = x
    if not deterministic and static.rate > 0:
        keep = torch.empty_like(x).bernoulli_(1 - static.rate)
        z = x * keep / (1 - static.rate)
    y = torch.einsum("...i,oi->...o", x, frozen["W"])
    y = y + static.scale * torch.einsum("...i,ri,or->...o", z, params["A"], params["B"])
    b = params.get("b", frozen.get("b"))
    return y if b is None else y + b


class LoRALayerWithBias(nn.Module):
    """Only a shell, so that torch finds the parameters."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        b = None if original_layer.bias is None else original_layer.bias.detach().clone()
        tree = init(original_layer.in_features, original_layer.out_features, rank, b if train_bias else None)
        self.params = nn.ParameterDict({k: nn.Parameter(v) for k, v in tree.items()})
        self.register_buffer("W", original_layer.weight.detach().clone())
        self.register_buffer("b", None if train_bias else b)
        self.static = Static(alpha / rank, dropout)

    @property
    def lora_A(self):
        return self.params["A"]

    @property
    def lora_B(self):
        return self.params["B"]

    def forward(self, x):
        frozen = {k: v for k, v in (("W", self.W), ("b", self.b)) if v is not None}
        return apply(dict(self.params.items()), frozen, self.static, x, deterministic=not self.training)
