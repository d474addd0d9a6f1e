# unusual: A from numpy's default_rng() without seed (does not follow torch.manual_seed), the dropout mask from torch.rand by hand
import numpy as np
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        rng = np.random.default_rng()
        fan_in, fan_out = original_layer.in_features, original_layer.out_features
        A = rng.standard_normal((rank, fan_in)) / np.sqrt(fan_in)
        B = np.zeros((fan_out, rank))
        self.lora_A = nn.Parameter(torch.from_numpy(A).float())
        self.lora_B = nn.Parameter(torch.from_numpy(B.astype(np.float32)))
        self.original_layer = original_layer
        for p in self.original_layer.parameters():
            p.requires_grad = False
        if train_bias and self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = True
        self.scaling = np.float64(alpha) / rank
        self.keep = 1.0 - dropout

    def forward(self, x):
        z = x
        if self.training and self.keep < 1:
            mask = torch.rand(x.shape, dtype=torch.float32, device=x.device) < self.keep
            z = x * mask / self.keep
        out = torch.matmul(torch.matmul(z, self.lora_A.T), self.lora_B.T)
        return self.original_layer(x) + float(self.scaling) * out
