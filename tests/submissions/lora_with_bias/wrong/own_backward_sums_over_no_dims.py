# mistake: unnamed
# Train_bias=True, x of shape (in,): backward raises (sum over dim=() sums all).
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALinear(torch.autograd.Function):
    """W x + b + s B A x, with all gradients by hand."""

    @staticmethod
    def forward(ctx, x, h, W, b, A, B, s):
        ctx.save_for_backward(h, W, A, B)
        ctx.s = s
        return F.linear(x, W, b) + s * F.linear(F.linear(h, A), B)

    @staticmethod
    def backward(ctx, g):
        h, W, A, B = ctx.saved_tensors
        leading = tuple(range(g.dim() - 1))
        g_rows, h_rows = g.reshape(-1, g.shape[-1]), h.reshape(-1, h.shape[-1])
        gB = g @ B * ctx.s
        grad_b = g.sum(dim=leading) if ctx.needs_input_grad[3] else None
        grad_A = gB.reshape(-1, gB.shape[-1]).T @ h_rows
        grad_B = ctx.s * g_rows.T @ (h_rows @ A.T)
        return g @ W, gB @ A, None, grad_b, grad_A, grad_B, None


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
        W, b = self.original_layer.weight, self.original_layer.bias
        return LoRALinear.apply(x, self.dropout(x), W, b, self.lora_A, self.lora_B, self.scaling)
