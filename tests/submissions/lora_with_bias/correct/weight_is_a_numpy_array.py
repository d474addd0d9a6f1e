# The frozen weight (and a frozen bias) is a plain NumPy array, turned into a tensor at each call. Right: frozen parameters need not be registered; the trained bias and the factors are, and dtype/device follow them.
import numpy as np
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """numpy holds what never changes, torch holds what is learnt"""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.W = original_layer.weight.detach().cpu().numpy().copy()
        b = original_layer.bias
        self.b = None if b is None else b.detach().cpu().numpy().copy()
        self.trained_bias = nn.Parameter(torch.tensor(self.b)) if train_bias and b is not None else None
        out_f, in_f = self.W.shape
        rng = np.random.default_rng()
        self.lora_A = nn.Parameter(torch.tensor(rng.normal(0, 0.05, size=(rank, in_f)).astype(np.float32)))
        self.lora_B = nn.Parameter(torch.tensor(np.zeros((out_f, rank), dtype=np.float32)))
        self.drop = nn.Dropout(p=dropout)
        self.scale = float(np.divide(alpha, rank))

    def _tensor(self, array):
        return torch.tensor(array, dtype=self.lora_A.dtype, device=self.lora_A.device)

    def forward(self, x):
        bias = self.trained_bias
        if bias is None and self.b is not None:
            bias = self._tensor(self.b)
        frozen = torch.nn.functional.linear(x, self._tensor(self.W), bias)
        return frozen + self.scale * self.drop(x) @ self.lora_A.T @ self.lora_B.T
