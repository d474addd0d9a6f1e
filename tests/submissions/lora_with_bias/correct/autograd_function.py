# a custom autograd.Function with a hand-written backward for the whole layer
import torch
from torch import nn


class _LoRALinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, dropped, weight, bias, A, B, scale):
        h = dropped @ A.t()
        ctx.save_for_backward(dropped, weight, A, B, h)
        ctx.scale = scale
        ctx.has_bias = bias is not None
        y = x @ weight.t() + scale * (h @ B.t())
        return y if bias is None else y + bias

    @staticmethod
    def backward(ctx, grad):
        dropped, weight, A, B, h = ctx.saved_tensors
        flat = grad.reshape(-1, grad.shape[-1])
        grad_h = ctx.scale * (grad @ B)
        grad_x = grad_dropped = grad_bias = grad_A = grad_B = None
        if ctx.needs_input_grad[0]:
            grad_x = grad @ weight
        if ctx.needs_input_grad[1]:
            grad_dropped = grad_h @ A
        if ctx.needs_input_grad[3] and ctx.has_bias:
            grad_bias = flat.sum(0)
        if ctx.needs_input_grad[4]:
            grad_A = grad_h.reshape(-1, grad_h.shape[-1]).t() @ dropped.reshape(-1, dropped.shape[-1])
        if ctx.needs_input_grad[5]:
            grad_B = ctx.scale * (flat.t() @ h.reshape(-1, h.shape[-1]))
        return grad_x, grad_dropped, None, grad_bias, grad_A, grad_B, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(train_bias)
        self.scale = alpha / rank
        self.drop = nn.Dropout(dropout)
        bound = original_layer.in_features ** -0.5
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features).uniform_(-bound, bound))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))

    def forward(self, x):
        return _LoRALinear.apply(
            x, self.drop(x), self.base.weight, self.base.bias, self.lora_A, self.lora_B, self.scale
        )
