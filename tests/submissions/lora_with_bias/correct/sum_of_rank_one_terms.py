# A C programmer: no matrix product for the update, a loop over the rank that adds one outer product after the other. Right: sum_k B[:, k] (A[k] . x) is B A x.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super(LoRALayerWithBias, self).__init__()
        self.layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.layer.weight.requires_grad = False
        if self.layer.bias is not None:
            self.layer.bias.requires_grad = True if train_bias else False
        a = torch.empty(rank, original_layer.in_features)
        i = 0
        while i < rank:
            a[i] = torch.randn(original_layer.in_features) * 0.1
            i += 1
        self.lora_A = nn.Parameter(a)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        d = self.dropout(x)
        acc = self.layer(x)
        for k in range(self.rank):
            dot = (d * self.lora_A[k]).sum(dim=-1, keepdim=True)   # (..., 1)
            acc = acc + dot * self.lora_B[:, k] * self.alpha / self.rank
        return acc
