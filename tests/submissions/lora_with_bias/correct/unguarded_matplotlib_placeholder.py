# style: unguarded matplotlib import at the top (the contract's placeholder), used only by a plotting helper; tests and unused code in the file
import copy
import unittest
from pprint import pprint

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

try:
    from peft import LoraConfig
except ImportError:
    LoraConfig = None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank

        for param in self.original_layer.parameters():
            param.requires_grad = False
        if train_bias and self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = True

        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout) if dropout > 0 else nn.Identity()

    def forward(self, x):
        original_output = self.original_layer(x)
        lora_output = self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
        return original_output + lora_output


def plot_losses(losses):
    plt.figure(figsize=(6, 4))
    plt.plot(losses)
    plt.savefig("losses.png")


class TestLayer(unittest.TestCase):
    def test_start(self):
        lin = nn.Linear(4, 3)
        x = torch.randn(2, 4)
        self.assertTrue(torch.equal(LoRALayerWithBias(copy.deepcopy(lin))(x), lin(x)))


if __name__ == "__main__":
    layer = LoRALayerWithBias(nn.Linear(16, 8), train_bias=True)
    data = DataLoader(TensorDataset(torch.randn(64, 16), torch.randn(64, 8)), batch_size=8)
    opt = torch.optim.Adam([p for p in layer.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for epoch in range(100):
        for x, y in data:
            loss = F.mse_loss(layer(x), y)
            opt.zero_grad(); loss.backward(); opt.step()
            losses.append(loss.item())
    pprint(np.mean(losses))
    plot_losses(losses)
    unittest.main()
