# who: reads PyTorch release notes, likes torch.nn.utils.parametrize; unusual: parametrization of the weight without dropout, explicit path with it; lora_A/lora_B are properties
import torch
import torch.nn.utils.parametrize as P
from torch import nn


class LowRankUpdate(nn.Module):
    """W -> W + s B A, as a parametrization."""

    def __init__(self, out_features, in_features, rank, s):
        super().__init__()
        self.A = nn.Parameter(torch.randn(rank, in_features) * in_features**-0.5)
        self.B = nn.Parameter(torch.zeros(out_features, rank))
        self.s = s

    def forward(self, W):
        return W + self.s * self.B @ self.A


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.update = LowRankUpdate(*original_layer.weight.shape, rank, alpha / rank)
        self.p = dropout
        # own Linear around the same tensors, so that original_layer itself is not reparametrized
        lin = nn.Linear(original_layer.in_features, original_layer.out_features, bias=original_layer.bias is not None)
        lin.load_state_dict(original_layer.state_dict())
        lin.weight.requires_grad_(False)
        if lin.bias is not None:
            lin.bias.requires_grad_(train_bias)
        if not dropout:
            P.register_parametrization(lin, "weight", self.update)
        self.lin = lin

    lora_A = property(lambda self: self.update.A)
    lora_B = property(lambda self: self.update.B)

    def forward(self, x):
        if not self.p:
            return self.lin(x)
        z = nn.functional.dropout(x, self.p, self.training)
        return self.lin(x) + self.update.s * (z @ self.lora_A.T @ self.lora_B.T)
