# Chatbot style, with plain top-level imports of packages that are not there while graded; they are used in the demo only. Right: where only that stops the loading, the package becomes a placeholder that fails where it is used.
"""
LoRA Layer with Trainable Bias
==============================

✨ Key features:
    1. Frozen pretrained weights
    2. Low-rank adaptation
    3. Optional bias training
"""

import matplotlib.pyplot as plt
import pandas as pd
import torch
import torch.nn as nn
from tqdm.auto import tqdm


class LoRALayerWithBias(nn.Module):
    """
    Low-Rank Adaptation (LoRA) layer with optional bias training.

    Args:
        original_layer (nn.Linear): The pretrained linear layer to adapt.
        rank (int): The rank of the low-rank decomposition. Default: 4
        alpha (float): The scaling factor. Default: 1.0
        dropout (float): The dropout probability. Default: 0.0
        train_bias (bool): Whether to train the bias term. Default: False
    """

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        # Step 1: Store the original layer and freeze it
        self.original_layer = original_layer
        for param in self.original_layer.parameters():
            param.requires_grad = False

        # Step 2: Optionally unfreeze the bias
        if train_bias and self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = True

        # Step 3: Create the low-rank matrices
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, original_layer.out_features, bias=False)

        # Step 4: Initialize (A: Gaussian, B: zero)
        nn.init.normal_(self.lora_A.weight, mean=0.0, std=0.02)
        nn.init.zeros_(self.lora_B.weight)

        # Step 5: Scaling and dropout
        self.scaling = alpha / rank
        self.lora_dropout = nn.Dropout(p=dropout)

    def forward(self, x):
        # Original (frozen) path
        original_output = self.original_layer(x)
        # LoRA path
        lora_output = self.lora_B(self.lora_A(self.lora_dropout(x)))
        # Combine both paths
        return original_output + lora_output * self.scaling


def demo():
    """🚀 Example usage"""
    layer = LoRALayerWithBias(nn.Linear(16, 8), rank=4, alpha=8, train_bias=True)
    optimizer = torch.optim.AdamW([p for p in layer.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in tqdm(range(100)):
        loss = layer(torch.randn(32, 16)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    pd.Series(losses).plot()
    plt.show()


if __name__ == "__main__":
    demo()
