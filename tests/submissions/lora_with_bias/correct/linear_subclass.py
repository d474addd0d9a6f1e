# linear subclass
import torch
from torch import nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Linear):
    """Is itself a Linear: takes over the tensors of the old one and has two factors more."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        n_out, n_in = original_layer.weight.shape
        nn.Linear.__init__(self, n_in, n_out, bias=original_layer.bias is not None)
        self.weight = original_layer.weight
        self.weight.requires_grad_(False)
        if self.bias is not None:
            self.bias = original_layer.bias
            self.bias.requires_grad_(bool(train_bias))
        self.lora_A = nn.Parameter(torch.empty(rank, n_in).uniform_(-0.1, 0.1))
        self.lora_B = nn.Parameter(torch.zeros(n_out, rank))
        self.lora_dropout = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, input):
        return F.linear(self.lora_dropout(input), self.lora_A).matmul(self.lora_B.mT).mul(self.s) + super().forward(input)
