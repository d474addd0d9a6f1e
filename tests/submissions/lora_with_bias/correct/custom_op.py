# mistake: none | contract: fulfilled
# style: torch.library operator with a registered backward for the low-rank product
import uuid

import torch
from torch import Tensor, nn

NAME = "student" + uuid.uuid4().hex[:8] + "::low_rank"


@torch.library.custom_op(NAME, mutates_args=())
def low_rank(x: Tensor, A: Tensor, B: Tensor, s: float) -> Tensor:
    return ((x @ A.t()) @ B.t()).mul(s)


@low_rank.register_fake
def _(x, A, B, s):
    return x.new_empty(*x.shape[:-1], B.shape[0])


def setup(ctx, inputs, output):
    x, A, B, ctx.s = inputs
    ctx.save_for_backward(x, A, B)


def backward(ctx, g):
    x, A, B = ctx.saved_tensors
    rows, grad = x.reshape(-1, A.shape[1]), ctx.s * g.reshape(-1, B.shape[0])
    hidden = grad @ B
    return (hidden @ A).reshape(x.shape), hidden.t() @ rows, grad.t() @ (rows @ A.t()), None


low_rank.register_autograd(backward, setup_context=setup)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = original_layer
        original_layer.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(bool(train_bias))
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.1)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.s = float(alpha) / rank

    def forward(self, x):
        return self.layer(x) + low_rank(self.drop(x), self.lora_A, self.lora_B, self.s)
