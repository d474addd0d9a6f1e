# mistake: unnamed
# Without a bias the base path is written out, and scaled with the rest.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        for p in original_layer.parameters():
            p.requires_grad = False
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad = True
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.1)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scale, self.drop = alpha / rank, nn.Dropout(dropout)

    def forward(self, x):
        update = self.drop(x) @ self.lora_A.T @ self.lora_B.T
        if self.base.bias is None:
            return self.scale * (x @ self.base.weight.T + update)
        return self.base(x) + self.scale * update
