# inherits everything from the lab's LoRALayer and only sets the bias's flag
from lab import LoRALayer


class LoRALayerWithBias(LoRALayer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = bool(train_bias)
