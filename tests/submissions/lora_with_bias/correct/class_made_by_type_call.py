# unusual: class built by a factory with type(), another __name__, closures instead of methods, attribute access delegated to the layer
import torch
from torch import nn


def make(name, bases=(nn.Module,)):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        nn.Module.__init__(self)
        self.add_module("core", original_layer)
        self.add_module("drop", nn.Dropout(dropout))
        shape = original_layer.weight.shape
        self.register_parameter("lora_A", nn.Parameter(torch.randn(rank, shape[1]) / (rank + shape[1])))
        self.register_parameter("lora_B", nn.Parameter(torch.zeros(shape[0], rank)))
        self.scale = alpha / rank
        wanted = {id(self.lora_A), id(self.lora_B)}
        if train_bias and original_layer.bias is not None:
            wanted.add(id(original_layer.bias))
        for p in self.parameters():
            p.requires_grad = id(p) in wanted

    def forward(self, x):
        A, B = self.lora_A, self.lora_B
        return self.core(x).add_(self.drop(x).matmul(A.t()).matmul(B.t()), alpha=self.scale)

    def __getattr__(self, key):
        try:
            return nn.Module.__getattr__(self, key)
        except AttributeError:
            if key == "core":
                raise
            return getattr(self.core, key)      # weight, bias, in_features, ...

    return type(name, bases, {k: v for k, v in locals().items() if callable(v) and k not in ("name", "bases")})


AdapterForLinear = make("AdapterForLinear")
LoRALayerWithBias = AdapterForLinear
