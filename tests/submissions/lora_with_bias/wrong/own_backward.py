# mistake: unnamed
# Rank=4, alpha=8, B not zero: x.grad has the update's part without the factor alpha/rank = 2 (right for alpha == rank, and at creation).
import torch
from torch import nn
from torch.autograd import Function


class LoRAMatmul(Function):
    """scaling * (x A^T) B^T with a hand-written backward"""

    @staticmethod
    def forward(ctx, x, A, B, scaling):
        xA = x @ A.T
        ctx.save_for_backward(x, xA, A, B)
        ctx.scaling = scaling
        return scaling * (xA @ B.T)

    @staticmethod
    def backward(ctx, grad):
        x, xA, A, B = ctx.saved_tensors
        grad_xA = grad @ B  # d loss / d (x A^T)
        grad_x = grad_xA @ A
        grad_A = ctx.scaling * grad_xA.flatten(0, -2).T @ x.flatten(0, -2) if x.dim() > 1 else ctx.scaling * torch.outer(grad_xA, x)
        grad_B = ctx.scaling * grad.flatten(0, -2).T @ xA.flatten(0, -2) if x.dim() > 1 else ctx.scaling * torch.outer(grad, xA)
        return grad_x, grad_A, grad_B, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + LoRAMatmul.apply(self.dropout(x), self.lora_A, self.lora_B, self.scaling)
