# style: JAX refugee, torch.func.vmap over the rows and functional_call of the frozen layer
import torch
from torch import nn
from torch.func import functional_call, vmap


def apply_row(params, x):
    """One vector."""
    A, B = params
    return B @ (A @ x)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.skeleton = original_layer
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.scale = alpha / rank
        for key, leaf in self.skeleton.named_parameters():
            leaf.requires_grad_({"weight": False, "bias": train_bias}[key])

    def forward(self, x):
        leaves = dict(self.skeleton.named_parameters())
        y = functional_call(self.skeleton, leaves, (x,))
        rows = self.drop(x).reshape(-1, x.shape[-1])
        batched = vmap(apply_row, in_dims=(None, 0))
        low = batched((self.lora_A, self.lora_B), rows)
        return y + self.scale * low.reshape(y.shape)
