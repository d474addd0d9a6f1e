# A with (nearly) orthogonal rows or columns, two einsums, a float32 tensor as scale that is neither buffer nor parameter
import torch
from torch import einsum, nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original = original_layer
        self.original.requires_grad_(False)
        if train_bias and self.original.bias is not None:
            self.original.bias.requires_grad_()
        A = torch.empty(rank, original_layer.in_features)
        nn.init.orthogonal_(A)
        A.add_(torch.randn_like(A), alpha=1e-2)
        self.lora_A = nn.Parameter(A)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scale = torch.tensor(alpha, dtype=torch.float32) / rank  # 0-d, so it mixes with any dtype and device
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        down = einsum("...i, r i -> ... r", self.dropout(x), self.lora_A)
        up = einsum("... r, o r -> ... o", down, self.lora_B)
        return self.original(x) + up * self.scale
