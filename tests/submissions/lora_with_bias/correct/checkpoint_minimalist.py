# who: MLOps engineer who wants tiny checkpoints; unusual: original layer is not registered (state_dict has only what is trained), _apply carries it along
"""state_dict() of this layer == exactly what was trained. The base weights live in the base checkpoint, not here."""
import math

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        original_layer.requires_grad_(False)
        self._base = (original_layer,)  # a tuple hides it from nn.Module's registry
        self.lora_A = nn.Parameter(original_layer.weight.new_empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(original_layer.weight.new_zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank
        # the bias is shared with the hidden layer, and registered only if it is trained
        if train_bias and original_layer.bias is not None:
            self.bias = original_layer.bias
            self.bias.requires_grad_(True)
        else:
            self.register_parameter("bias", None)

    @property
    def base(self) -> nn.Linear:
        return self._base[0]

    def _apply(self, fn, recurse=True):
        # .to(), .cuda(), .double() all end up here
        super()._apply(fn, recurse)
        self.base._apply(fn)
        if self.bias is not None and self.base.bias is not self.bias:
            self.base.bias = self.bias
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)

    def extra_repr(self) -> str:
        return f"base={self.base}, scaling={self.scaling:g}"


if __name__ == "__main__":
    l = LoRALayerWithBias(nn.Linear(4096, 4096), train_bias=True)
    print({k: tuple(v.shape) for k, v in l.state_dict().items()})
