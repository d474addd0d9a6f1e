# style: the frozen layer is hidden from nn.Module's registration in a tuple; _apply is overridden so that .to() still moves it; only a trained bias is registered
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        original_layer.requires_grad_(False)
        self._frozen = (original_layer,)
        if train_bias and original_layer.bias is not None:
            self.bias = original_layer.bias.requires_grad_(True)  # the same Parameter, seen by optimizers
        self.factors = nn.ParameterDict(
            {
                "lora_A": torch.randn(rank, original_layer.in_features) * 0.01,
                "lora_B": torch.zeros(original_layer.out_features, rank),
            }
        )
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    lora_A = property(lambda self: self.factors["lora_A"])
    lora_B = property(lambda self: self.factors["lora_B"])

    def _apply(self, fn, *args, **kwargs):
        super()._apply(fn, *args, **kwargs)
        self._frozen[0]._apply(fn, *args, **kwargs)
        if "bias" in self._parameters:  # stay one Parameter, even where _apply made a new object
            self._frozen[0].bias = self.bias
        return self

    def forward(self, x):
        (frozen,) = self._frozen
        return frozen(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
