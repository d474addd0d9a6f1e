# A custom autograd.Function with a backward derived by hand for the LoRA path (setup_context style, differentiable again). Right: gradients of x, A and B are the formula's.
import math

import torch
from torch import nn


class _LoRAPath(torch.autograd.Function):
    """z = s * x A' B'.   dz/dx: s g B A    dz/dA: s (g B)' x    dz/dB: s g' (x A')"""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, A, B, s):
        return s * ((x @ A.T) @ B.T)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, A, B, s = inputs
        ctx.save_for_backward(x, A, B)
        ctx.s = s

    @staticmethod
    def backward(ctx, g):
        x, A, B = ctx.saved_tensors
        need_x, need_A, need_B, _ = ctx.needs_input_grad
        gB = ctx.s * (g @ B)  # (..., r)
        dx = dA = dB = None
        if need_x:
            dx = gB @ A
        if need_A:
            dA = gB.reshape(-1, gB.shape[-1]).T @ x.reshape(-1, x.shape[-1])
        if need_B:
            dB = ctx.s * (g.reshape(-1, g.shape[-1]).T @ (x @ A.T).reshape(-1, A.shape[0]))
        return dx, dA, dB, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.inner = original_layer
        self.inner.weight.requires_grad = False
        if self.inner.bias is not None:
            self.inner.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.inner(x) + _LoRAPath.apply(self.dropout(x), self.lora_A, self.lora_B, self.scaling)
