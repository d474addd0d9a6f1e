# style: custom autograd Function with a hand-written backward (differentiable again), for the low-rank path
import math

import torch
from torch import nn
from torch.autograd import Function


class LowRank(Function):
    """x (..., i), A (r, i), B (o, r), scale -> scale * x A' B'. Saves x, not the product with A."""

    @staticmethod
    def forward(ctx, x, A, B, scale):
        ctx.save_for_backward(x, A, B)
        ctx.scale = scale
        return scale * (x @ A.t() @ B.t())

    @staticmethod
    def backward(ctx, g):
        x, A, B = ctx.saved_tensors
        s = ctx.scale
        gx = gA = gB = None
        gb = g @ B  # (..., r)
        if ctx.needs_input_grad[0]:
            gx = s * (gb @ A)
        g2, gb2, x2 = (t.reshape(-1, t.shape[-1]) for t in (g, gb, x))
        if ctx.needs_input_grad[1]:
            gA = s * (gb2.t() @ x2)
        if ctx.needs_input_grad[2]:
            gB = s * (g2.t() @ (x2 @ A.t()))
        return gx, gA, gB, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(bool(train_bias))
        self.scale = alpha / rank
        self.p = dropout
        factory = dict(device=original_layer.weight.device, dtype=original_layer.weight.dtype)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features, **factory))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank, **factory))
        bound = 1 / math.sqrt(original_layer.in_features)
        with torch.no_grad():
            self.lora_A.uniform_(-bound, bound)

    def forward(self, x):
        z = nn.functional.dropout(x, self.p, training=self.training)
        return self.base(x) + LowRank.apply(z, self.lora_A, self.lora_B, self.scale)
