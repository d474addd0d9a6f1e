# mistake: unnamed
# A hand-written backward sums only over the last of several leading dimensions, so gradients are wrong for 4-D input.
import torch
import torch.nn as nn


class _Path(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B):
        ctx.save_for_backward(x, A, B)
        return x @ A.T @ B.T

    @staticmethod
    def backward(ctx, g):
        x, A, B = ctx.saved_tensors
        gx = g @ B @ A
        while x.dim() > 3:
            x, g = x[0], g[0]
        g2 = g.reshape(-1, g.shape[-1])
        x2 = x.reshape(-1, x.shape[-1])
        return gx, (g2 @ B).T @ x2, g2.T @ (x2 @ A.T)


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
        return self.original_layer(x) + self.scaling * _Path.apply(self.dropout(x), self.lora_A, self.lora_B)
