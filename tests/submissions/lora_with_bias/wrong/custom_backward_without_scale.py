# mistake: unnamed
# A hand-written backward forgets alpha / rank in the gradients of A and B.
import torch
import torch.nn as nn


class _LoRAPath(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B, s):
        ctx.save_for_backward(x, A, B)
        ctx.s = s
        return s * (x @ A.T @ B.T)

    @staticmethod
    def backward(ctx, g):
        x, A, B = ctx.saved_tensors
        g2 = g.reshape(-1, g.shape[-1])
        x2 = x.reshape(-1, x.shape[-1])
        gA = (g2 @ B).T @ x2
        gB = g2.T @ (x2 @ A.T)
        gx = ctx.s * (g @ B @ A)
        return gx, gA, gB, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad_(False)
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.original_layer(x) + _LoRAPath.apply(self.dropout(x), self.lora_A, self.lora_B, self.scaling)
