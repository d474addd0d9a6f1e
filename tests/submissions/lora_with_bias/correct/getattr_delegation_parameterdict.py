# style: factors in a ParameterDict, __getattr__ delegates to it and to the wrapped layer (layer.weight, layer.in_features work)
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.wrapped = original_layer
        self.factors = nn.ParameterDict(
            {
                "lora_A": nn.Parameter(torch.randn(rank, original_layer.in_features)),
                "lora_B": nn.Parameter(torch.zeros(original_layer.out_features, rank)),
            }
        )
        self.drop = nn.Dropout(dropout) if dropout else nn.Identity()
        self.multiplier = alpha / rank
        self.wrapped.weight.requires_grad = False
        if (bias := self.wrapped.bias) is not None:
            bias.requires_grad = bool(train_bias)

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            modules = self.__dict__.get("_modules", {})
            if name in ("lora_A", "lora_B") and "factors" in modules:
                return modules["factors"][name]
            if "wrapped" in modules:
                return getattr(modules["wrapped"], name)
            raise

    def forward(self, x):
        A, B = self.lora_A, self.lora_B
        return self.wrapped(x) + self.multiplier * torch.matmul(torch.matmul(self.drop(x), A.t()), B.t())
