# mistake: unnamed
# Linear(8, 4), train_bias=True, fresh layer, any x: the bias is added twice.
from lab import LoRALayer


class LoRALayerWithBias(LoRALayer):
    """The lab's layer, plus the bias it lacks."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
        self.train_bias = train_bias and original_layer.bias is not None
        if self.train_bias:
            original_layer.bias.requires_grad = True

    def forward(self, x):
        y = super().forward(x)
        if self.train_bias:
            y = y + self.original_layer.bias
        return y
