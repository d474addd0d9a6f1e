# mistake: unnamed
# LoRALayerWithBias(nn.Linear(4, 8), rank=6): lora_A has shape (4, 4) and forward raises.
import torch
from torch import nn


def orthonormal_rows(r, n):
    """r orthonormal rows of length n, so that A A' = I."""
    Q, _ = torch.linalg.qr(torch.randn(n, r))
    return Q.T.contiguous()


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = original_layer
        self.layer.requires_grad_(False)
        if train_bias and self.layer.bias is not None:
            self.layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(orthonormal_rows(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.factor = alpha / rank

    def forward(self, x):
        h = self.dropout(x) @ self.lora_A.T
        return self.layer(x) + self.factor * (h @ self.lora_B.T)
