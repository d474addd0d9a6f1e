# style: over-engineered metaclass that sets the requires_grad flags after __init__
import torch
from torch import nn


class Freezer(type):
    """After construction: freeze every parameter but those that the class's `trainable` predicate names."""

    def __call__(cls, *args, **kwargs):
        instance = super().__call__(*args, **kwargs)
        for name, p in instance.named_parameters():
            p.requires_grad_(instance.trainable(name))
        return instance

    def __instancecheck__(cls, instance):
        return super().__instancecheck__(instance)


class LoRALayerWithBias(nn.Module, metaclass=Freezer):
    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0, train_bias: bool = False):
        super().__init__()
        self.base = original_layer
        self.down = nn.Linear(original_layer.in_features, rank, bias=False)
        self.up = nn.Linear(rank, original_layer.out_features, bias=False)
        self.up.weight.data.zero_()
        self.gain = alpha / rank
        self.dropout_probability = dropout
        self.train_bias = train_bias

    @property
    def lora_A(self):
        return self.down

    @property
    def lora_B(self):
        return self.up

    def trainable(self, name: str) -> bool:
        match name.split("."):
            case ["down" | "up", "weight"]:
                return True
            case ["base", "bias"]:
                return self.train_bias
            case _:
                return False

    def forward(self, x):
        dropped = torch.dropout(x, self.dropout_probability, self.training)
        return self.base(x) + self.up(self.down(dropped)).mul(self.gain)
