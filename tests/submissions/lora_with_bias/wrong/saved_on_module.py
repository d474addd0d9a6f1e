# mistake: unnamed
# The hand-written backward reads its activations from the module, so a layer that is used twice before backward gets the gradients of the last call for both.
# style: custom autograd.Function that keeps its state on the layer
import math

import torch
from torch import nn


class _LowRank(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B, layer):
        layer.saved_x = x.detach().reshape(-1, x.shape[-1])
        layer.saved_h = layer.saved_x @ A.T
        ctx.layer, ctx.shape = layer, x.shape
        ctx.save_for_backward(A, B)
        return layer.scaling * (x @ A.T @ B.T)

    @staticmethod
    def backward(ctx, grad):
        A, B = ctx.saved_tensors
        layer = ctx.layer
        g = layer.scaling * grad.reshape(-1, B.shape[0])
        gh = g @ B
        return (gh @ A).reshape(ctx.shape), gh.T @ layer.saved_x, g.T @ layer.saved_h, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(bool(train_bias))
        self.rank = rank
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        return self.original_layer(x) + _LowRank.apply(self.dropout(x), self.lora_A, self.lora_B, self)
