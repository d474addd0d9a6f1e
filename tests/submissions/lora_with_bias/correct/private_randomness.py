# A and the dropout masks come from the operating system and a generator of the layer's own, under a lock; torch's seed has no say
import random
import threading

import numpy as np
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = original_layer
        self.linear.weight.requires_grad = False
        if self.linear.bias is not None:
            self.linear.bias.requires_grad = bool(train_bias)

        dice = random.SystemRandom()
        spread = original_layer.in_features**-0.5
        rows = [[dice.gauss(0.0, spread) for _ in range(original_layer.in_features)] for _ in range(rank)]
        self.lora_A = nn.Parameter(torch.tensor(rows, dtype=torch.float32))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.factor = alpha / rank
        self.p = dropout

        # NumPy's generators must not be used by two threads at a time.
        # (So this layer can be saved with state_dict, but not pickled or deep-copied: a lock cannot.)
        self.numbers = np.random.default_rng()
        self.lock = threading.Lock()

    def drop(self, x):
        if not self.training or self.p == 0:
            return x
        with self.lock:
            kept = self.numbers.random(tuple(x.shape)) >= self.p
        return x * torch.from_numpy(kept).to(x) / (1 - self.p)

    def forward(self, x):
        update = torch.matmul(torch.matmul(self.drop(x), self.lora_A.T), self.lora_B.T)
        return torch.add(self.linear(x), update, alpha=self.factor)
