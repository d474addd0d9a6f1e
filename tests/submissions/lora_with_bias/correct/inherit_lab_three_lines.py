# A hurried student: inherits lab.LoRALayer and only switches the bias flag (merge methods come along, not graded). Right: the lab's formula is the contract's.
from lab import *


class LoRALayerWithBias(LoRALayer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
        if train_bias and original_layer.bias is not None: original_layer.bias.requires_grad = True
