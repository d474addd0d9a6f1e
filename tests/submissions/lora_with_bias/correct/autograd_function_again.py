# autograd function
import torch
from torch import nn


class _LowRank(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B, s):
        ctx.save_for_backward(x, A, B)
        ctx.s = s
        return s * ((x @ A.t()) @ B.t())

    @staticmethod
    def backward(ctx, g):
        x, A, B = ctx.saved_tensors
        g2 = (ctx.s * g).reshape(-1, g.shape[-1])
        x2 = x.reshape(-1, x.shape[-1])
        gx = (g2 @ B @ A).reshape(x.shape) if ctx.needs_input_grad[0] else None
        gA = (g2 @ B).t() @ x2 if ctx.needs_input_grad[1] else None
        gB = g2.t() @ (x2 @ A.t()) if ctx.needs_input_grad[2] else None
        return gx, gA, gB, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        for name, p in original_layer.named_parameters():
            p.requires_grad = bool(train_bias) and name == "bias"
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + _LowRank.apply(self.dropout(x), self.lora_A, self.lora_B, self.scaling)
