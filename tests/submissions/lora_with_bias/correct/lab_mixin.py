# mistake: none | contract: fulfilled
# style: multiple inheritance: the lab's layer, a mixin that sets the bias's flag, forward inherited; requires_grad is set by walking over names
import inspect

from torch import nn

from lab import LoRALayer


class BiasMixin:
    train_bias = False

    def __init__(self, *args, train_bias=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.train_bias = train_bias
        for name, p in self.named_parameters():
            kind = name.rpartition(".")[2]
            p.requires_grad = kind.startswith("lora_") or (kind == "bias" and bool(train_bias))


class LoRALayerWithBias(BiasMixin, LoRALayer):
    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0, train_bias: bool = False):
        super().__init__(original_layer, rank, alpha, dropout, train_bias=train_bias)

    def __repr__(self):
        return f"{type(self).__name__}{inspect.signature(type(self))}"
