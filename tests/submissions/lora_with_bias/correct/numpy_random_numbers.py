# style: A's start and the dropout masks come from a numpy generator of the layer's own, so torch.manual_seed before a call does not fix the mask
import numpy as np
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.rng = np.random.default_rng(int(torch.randint(2**31 - 1, ())))
        self.linear = original_layer
        self.linear.weight.requires_grad_(False)
        if self.linear.bias is not None:
            self.linear.bias.requires_grad_(bool(train_bias))
        A = self.rng.normal(scale=original_layer.in_features**-0.5, size=(rank, original_layer.in_features))
        self.lora_A = nn.Parameter(torch.from_numpy(A.astype(np.float32)))
        self.lora_B = nn.Parameter(torch.from_numpy(np.zeros((original_layer.out_features, rank), np.float32)))
        self.scale, self.keep = alpha / rank, 1.0 - dropout

    def forward(self, x):
        z = x
        if self.training and self.keep < 1:
            mask = self.rng.random(tuple(x.shape)) < self.keep
            z = x * torch.from_numpy(np.asarray(mask)).to(x) / self.keep
        return self.linear(x) + z @ self.lora_A.T @ self.lora_B.T * self.scale
