# mistake: scaling-alpha-only
# The path is multiplied by alpha instead of alpha / rank.
import torch.nn as nn
import torch.nn.functional as F
import torch


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(bool(train_bias))
        out_f, in_f = original_layer.weight.shape
        self.lora_A = nn.Parameter(torch.randn(rank, in_f) / rank)
        self.lora_B = nn.Parameter(torch.zeros(out_f, rank))
        self.alpha = alpha
        self.p = dropout

    def forward(self, x):
        h = F.dropout(x, self.p, self.training)
        return self.base(x) + self.alpha * F.linear(F.linear(h, self.lora_A), self.lora_B)
