# mistake: unnamed
# X of shape (3, 5, in), B nonzero: lora_A.grad is a third of the formula's (2-D inputs are right).
import math

import torch
import torch.nn.functional as F
from torch import nn


class TwoProducts(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h, A, B):
        ctx.save_for_backward(h, A, B)
        return h @ A.T @ B.T

    @staticmethod
    def backward(ctx, g):
        h, A, B = ctx.saved_tensors
        gB = g @ B
        grad_A = gB.transpose(-1, -2) @ h if h.dim() > 1 else torch.outer(gB, h)
        grad_B = g.transpose(-1, -2) @ (h @ A.T) if h.dim() > 1 else torch.outer(g, h @ A.T)
        while grad_A.dim() > 2:  # one product for each sequence of the batch
            grad_A, grad_B = grad_A.mean(dim=0), grad_B.mean(dim=0)
        return gB @ A, grad_A, grad_B


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * TwoProducts.apply(self.dropout(x), self.lora_A, self.lora_B)
