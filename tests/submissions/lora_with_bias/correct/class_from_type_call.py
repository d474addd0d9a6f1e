# No class statement: the class is made by type() from loose functions and a generator of terms that forward sums. Right: the name LoRALayerWithBias is a class of nn.Modules with the contract's signature.
import functools
import operator

import torch
from torch import nn

compose = lambda *fs: functools.reduce(lambda f, g: lambda x: g(f(x)), fs)  # noqa: E731


def terms(self, x):
    yield self.base(x)
    yield compose(self.drop, lambda h: h @ self.lora_A.T, lambda h: h @ self.lora_B.T, functools.partial(operator.mul, self.scale))(x)


def build(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
    nn.Module.__init__(self)
    trained = {"weight": False, "bias": bool(train_bias)}
    for name, parameter in original_layer.named_parameters():
        parameter.requires_grad_(trained[name])
    for name, value in {
        "base": original_layer,
        "drop": nn.Dropout(dropout),
        "scale": alpha / rank,
        "lora_A": nn.Parameter(torch.rand(rank, original_layer.in_features).mul_(2).sub_(1)),
        "lora_B": nn.Parameter(torch.zeros(original_layer.out_features, rank)),
    }.items():
        setattr(self, name, value)


LoRALayerWithBias = type("LoRALayerWithBias", (nn.Module,), {
    "__init__": build,
    "forward": lambda self, x: functools.reduce(operator.add, terms(self, x)),
})
