# mistake: unnamed
# Dropout=0.5, train(), B nonzero: lora_A.grad belongs to x and not to dropout(x).
import math

import torch
import torch.nn.functional as F
from torch import nn


class Adapter(torch.autograd.Function):
    """Keeps x, which is there anyway, and the mask as one byte a value."""

    @staticmethod
    def forward(ctx, x, mask, A, B, p):
        h = x * mask / (1 - p)
        ctx.save_for_backward(x, mask, A, B)
        ctx.p = p
        return F.linear(F.linear(h, A), B)

    @staticmethod
    def backward(ctx, g):
        x, mask, A, B = ctx.saved_tensors
        gB = g @ B
        grad_x = (gB @ A) * mask / (1 - ctx.p)
        rows, g_rows, gB_rows = (t.reshape(-1, t.shape[-1]) for t in (x, g, gB))
        return grad_x, None, gB_rows.T @ rows, g_rows.T @ (rows @ A.T), None


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
        self.p = dropout

    def forward(self, x):
        p = self.p if self.training else 0.0
        mask = torch.rand_like(x) >= p
        return self.original_layer(x) + self.scaling * Adapter.apply(x, mask, self.lora_A, self.lora_B, p)
