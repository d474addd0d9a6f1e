# mistake: unnamed
# Dropout=0.5, B nonzero, train(): nothing is dropped.
from lab import LoRALayer


class LoRALayerWithBias(LoRALayer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank=rank, alpha=alpha)
        self.train_bias = train_bias
        if original_layer.bias is not None:
            self.original_layer.bias.requires_grad_(train_bias)
