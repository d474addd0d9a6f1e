# mistake: unnamed
# LoRALayerWithBias(nn.Linear(16, 8)).lora_B is not zero (it holds singular vectors, and the weight lost its leading part).
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """LoRA with PiSSA initialisation: A and B take the principal part of W, the residual is frozen.

    Converges much faster than B = 0, and the output at the start is the same.
    """

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        n_out, n_in = original_layer.weight.shape
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        with torch.no_grad():
            U, S, Vh = torch.linalg.svd(original_layer.weight, full_matrices=False)
            k = min(rank, S.numel())
            root = (S[:k] / self.scaling).sqrt()
            A = torch.randn(rank, n_in) * 1e-3
            B = torch.zeros(n_out, rank)
            A[:k] = root[:, None] * Vh[:k]
            B[:, :k] = U[:, :k] * root
            residual = original_layer.weight - self.scaling * B @ A
        self.residual = nn.Linear(n_in, n_out, bias=original_layer.bias is not None)
        self.residual.weight = nn.Parameter(residual, requires_grad=False)
        if original_layer.bias is not None:
            self.residual.bias = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=train_bias)
        self.lora_A = nn.Parameter(A)
        self.lora_B = nn.Parameter(B)

    def forward(self, x):
        return self.residual(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
