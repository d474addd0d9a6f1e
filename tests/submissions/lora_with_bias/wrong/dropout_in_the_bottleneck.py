# mistake: unnamed
# Dropout=0.5, train mode, x one-hot, random A and B: dropout(x) would give an update of 0 or of the whole doubled one, here single ranks are missing.
# adapter = down -> dropout -> up
import torch
from torch import nn


class Adapter(nn.Sequential):
    def __init__(self, n_in, n_out, r, p):
        down = nn.Linear(n_in, r, bias=False)
        up = nn.Linear(r, n_out, bias=False)
        nn.init.zeros_(up.weight)
        super().__init__(down, nn.Dropout(p), up)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        self.adapter = Adapter(original_layer.in_features, original_layer.out_features, rank, dropout)
        self.lora_A = self.adapter[0].weight
        self.lora_B = self.adapter[2].weight
        self.scaling = alpha / rank
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * self.adapter(x)
