# who: CUDA kernel writer who derives every backward by hand; unusual: LoRA path is a torch.autograd.Function with own backward
import torch
from torch import nn


class _LowRank(torch.autograd.Function):
    """u = s * x A' B'

    du/dx: s * g B A         du/dA: s * (g B)' x         du/dB: s * g' (x A')
    The product x A' is cheap (rank r), so it is computed again in backward instead of saved.
    """

    @staticmethod
    def forward(ctx, x, A, B, s):
        ctx.save_for_backward(x, A, B)
        ctx.s = s
        return (x @ A.t()).mul(s) @ B.t()

    @staticmethod
    def backward(ctx, g):
        x, A, B = ctx.saved_tensors
        s = ctx.s
        gx = gA = gB = None
        gB_low = (g @ B) * s  # (..., r)
        if ctx.needs_input_grad[0]:
            gx = gB_low @ A
        if ctx.needs_input_grad[1]:
            gA = gB_low.reshape(-1, A.shape[0]).t() @ x.reshape(-1, A.shape[1])
        if ctx.needs_input_grad[2]:
            low = (x @ A.t()).reshape(-1, A.shape[0])
            gB = (g.reshape(-1, B.shape[0]).t() @ low) * s
        return gx, gA, gB, None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.frozen = original_layer
        self.frozen.weight.requires_grad_(False)
        if self.frozen.bias is not None:
            self.frozen.bias.requires_grad_(bool(train_bias))
        k = original_layer.in_features
        self.lora_A = nn.Parameter(torch.empty(rank, k).uniform_(-(k**-0.5), k**-0.5))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.s = alpha / rank
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        return self.frozen(x) + _LowRank.apply(self.drop(x), self.lora_A, self.lora_B, self.s)


def _selftest():
    l = LoRALayerWithBias(nn.Linear(5, 3), rank=2, alpha=3, train_bias=True).double()
    nn.init.normal_(l.lora_B)
    x = torch.randn(4, 5, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, A, B: _LowRank.apply(x, A, B, 1.5), (x, l.lora_A, l.lora_B))


if __name__ == "__main__":
    _selftest()
    print("gradcheck ok")
