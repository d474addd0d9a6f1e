# mistake: dropout-keep-probability
# dropout is read as the probability to keep.
import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        for p in self.base.parameters():
            p.requires_grad_(False)
        if train_bias and self.base.bias is not None:
            self.base.bias.requires_grad_(True)
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=5**0.5)
        nn.init.zeros_(self.lora_B.weight)
        self.p = dropout
        self.scale = alpha / rank

    def forward(self, x):
        h = F.dropout(x, 1 - self.p, self.training) if self.p > 0 else x
        return self.base(x) + self.lora_B(self.lora_A(h)) * self.scale
