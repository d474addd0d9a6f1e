# no forward: `__call__` itself is defined, the first argument can only be given by position, the scale is a NumPy number
import numpy as np
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, /, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.inner = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        d_out, d_in = original_layer.weight.shape
        self.lora_A = nn.Parameter(torch.empty(rank, d_in).uniform_(-1, 1))
        self.lora_B = nn.Parameter(torch.zeros(d_out, rank))
        self.scale = np.float64(alpha) / np.int64(rank)
        self.p = dropout

    def __call__(self, x):
        kept = nn.functional.dropout(x, self.p, self.training)
        return self.inner(x) + (kept @ self.lora_A.mT @ self.lora_B.mT) * float(self.scale)
