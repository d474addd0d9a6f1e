from lab import LoRALayer


class LoRALayerWithBias(LoRALayer):
    """The lab's layer freezes everything and adds the factors. Only the bias has to be woken up again."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank=rank, alpha=alpha, dropout=dropout)
        match original_layer.bias:
            case None:
                pass
            case bias:
                bias.requires_grad_(bool(train_bias))
