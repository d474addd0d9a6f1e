# mistake: none | contract: fulfilled
# style: in evaluation one product with the stacked matrix [W; A] gives base output and hidden vector, which are split again; the bias is a module of its own
import torch
import torch.nn.functional as F
from torch import nn


class Bias(nn.Module):
    def __init__(self, values, trained):
        super().__init__()
        self.values = nn.Parameter(values.detach().clone(), requires_grad=trained)

    def forward(self, y):
        return y + self.values


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.frozen = nn.Parameter(original_layer.weight.detach(), requires_grad=False)
        self.bias = nn.Identity() if original_layer.bias is None else Bias(original_layer.bias, train_bias)
        self.lora_A = nn.Parameter(torch.empty_like(self.frozen[:1]).repeat(rank, 1).exponential_())
        self.lora_B = nn.Parameter(torch.zeros_like(self.frozen[:, :1]).repeat(1, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank
        original_layer.requires_grad_(False)

    def forward(self, x):
        n, r = self.frozen.shape[0], self.lora_A.shape[0]
        if self.training and self.dropout.p:
            y, h = F.linear(x, self.frozen), F.linear(self.dropout(x), self.lora_A)
        else:
            y, h = F.linear(x, torch.cat([self.frozen, self.lora_A])).split([n, r], dim=-1)
        return self.bias(y + F.linear(h, self.scaling * self.lora_B))
