# style: ParameterList with read-only properties; attributes cannot be rebound after creation, only written in place
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original = original_layer
        self.scale = alpha / rank
        self.noise = nn.Dropout(p=dropout)
        self.factors = nn.ParameterList(
            [torch.randn(rank, original_layer.in_features), torch.zeros(original_layer.out_features, rank)]
        )
        for p in self.original.parameters():
            p.requires_grad = False
        if train_bias and self.original.bias is not None:
            self.original.bias.requires_grad = True
        self._sealed = True

    lora_A = property(lambda self: self.factors[0], doc="(rank, in_features)")
    lora_B = property(lambda self: self.factors[1], doc="(out_features, rank)")

    def __setattr__(self, key, value):
        if self.__dict__.get("_sealed") and key != "training":
            raise AttributeError(f"{type(self).__name__}.{key} is read-only; write into the tensors in place")
        super().__setattr__(key, value)

    def forward(self, x):
        update = self.noise(x)
        for factor in self.factors:
            update = update @ factor.T
        return self.original(x) + self.scale * update
