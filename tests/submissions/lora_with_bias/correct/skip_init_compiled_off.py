# mistake: none | contract: fulfilled
# style: factors from skip_init, drawn on the meta device first and then made real; forward is decorated and dispatched by a table
import functools

import torch
from torch import nn
from torch.nn.utils import skip_init


def logged(f):
    @functools.wraps(f)
    def inner(self, *args, **kwargs):
        self.n_calls += 1
        return f(self, *args, **kwargs)

    return inner


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.n_calls = 0
        self.original_layer = original_layer
        trained = {"weight": False, "bias": bool(train_bias)}
        for name, p in original_layer.named_parameters():
            p.requires_grad_(trained[name])
        self.lora_A = skip_init(nn.Linear, original_layer.in_features, rank, bias=False)
        self.lora_B = skip_init(nn.Linear, rank, original_layer.out_features, bias=False)
        nn.init.trunc_normal_(self.lora_A.weight, std=0.02)
        nn.init.constant_(self.lora_B.weight, 0)
        self.drop = nn.Dropout(dropout) if dropout else nn.Identity()
        self.register_buffer("scaling", torch.tensor(alpha / rank), persistent=False)

    @torch.compiler.disable
    @logged
    def forward(self, x):
        return torch.stack((self.original_layer(x), self.lora_B(self.lora_A(self.drop(x))) * self.scaling)).sum(0)
