# unusual: C++ programmer: m_ members, explicit loop over the rank-1 terms, A filled entry by entry from Python's random module
import random

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.m_layer = original_layer
        self.m_nRank = int(rank)
        self.m_fScale = float(alpha) / float(rank)
        self.m_dropout = nn.Dropout(dropout)

        # std::vector<std::vector<float>> a
        a = []
        for i in range(self.m_nRank):
            row = []
            for j in range(original_layer.in_features):
                row.append(random.gauss(0.0, 1.0) / original_layer.in_features)
            a.append(row)
        self.lora_A = nn.Parameter(torch.tensor(a, dtype=torch.float32))
        self.lora_B = nn.Parameter(torch.tensor([[0.0] * self.m_nRank for _ in range(original_layer.out_features)]))

        for p in original_layer.parameters():
            p.requires_grad = False
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad = True

    def forward(self, x):
        y = self.m_layer(x)
        d = self.m_dropout(x)
        k = 0
        while k < self.m_nRank:
            t = (d * self.lora_A[k]).sum(dim=-1, keepdim=True)    # inner product with row k
            y = y + self.m_fScale * t * self.lora_B[:, k]
            k += 1
        return y
