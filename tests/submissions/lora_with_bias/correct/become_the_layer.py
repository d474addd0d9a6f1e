# style: the instance takes over the __dict__ of a deep copy and becomes an nn.Linear itself; decorator; *args with inspect.signature
import copy
import functools
import inspect

import torch
from torch import nn


def with_signature(template):
    """Binds whatever the caller wrote to the template's parameters, fills in its defaults."""
    signature = inspect.signature(template)

    def decorate(method):
        @functools.wraps(method)
        def wrapper(self, *args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return method(self, **bound.arguments)

        wrapper.__signature__ = inspect.signature(lambda self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False: None)
        return wrapper

    return decorate


def template(original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False): ...


class LoRALayerWithBias(nn.Linear):
    @with_signature(template)
    def __init__(self, **kw):
        nn.Module.__init__(self)
        self.__dict__.update(copy.deepcopy(kw["original_layer"]).__dict__)
        self.requires_grad_(False)
        if self.bias is not None:
            self.bias.requires_grad_(kw["train_bias"])
        self.lora_A = nn.Parameter(torch.randn(kw["rank"], self.in_features))
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, kw["rank"]))
        self.scaling = kw["alpha"] / kw["rank"]
        self.dropout = functools.partial(nn.functional.dropout, p=kw["dropout"])

    def forward(self, input):
        z = self.dropout(input, training=self.training)
        return super().forward(input) + self.scaling * (z @ self.lora_A.T @ self.lora_B.T)
