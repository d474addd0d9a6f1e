# style: beginner with loops, the update as a sum of outer products, weights merged on the fly at each call
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        nn.Module.__init__(self)
        self.original_layer = original_layer
        self.r = rank
        self.factor = alpha / rank
        self.p = dropout

        A = torch.zeros(rank, original_layer.in_features)
        for i in range(A.shape[0]):
            for j in range(A.shape[1]):
                A[i, j] = torch.rand(1).item() * 2 - 1
        B = torch.zeros(original_layer.out_features, rank)
        self.lora_A = nn.Parameter(A)
        self.lora_B = nn.Parameter(B)

        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            if train_bias:
                original_layer.bias.requires_grad = True
            else:
                original_layer.bias.requires_grad = False

    def delta(self):
        total = 0
        for r in range(self.r):
            b = self.lora_B[:, r]
            a = self.lora_A[r]
            total = total + torch.outer(b, a)
        return self.factor * total

    def forward(self, x):
        W = self.original_layer.weight
        b = self.original_layer.bias
        W_new = W + self.delta()
        y = torch.nn.functional.linear(x, W_new, b)
        if self.training and self.p > 0:
            # the LoRA part should see dropout(x), so add the difference
            d = torch.nn.functional.dropout(x, self.p) - x
            y = y + torch.nn.functional.linear(d, self.delta())
        return y
