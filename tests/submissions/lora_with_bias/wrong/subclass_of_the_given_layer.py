# mistake: bias-never-trained
# Inherits from the lab's LoRALayer, which freezes everything, and forgets to switch the bias on.
from lab import LoRALayer


class LoRALayerWithBias(LoRALayer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
        self.train_bias = train_bias
        if self.train_bias and hasattr(self, "bias"):
            self.bias.requires_grad = True
