# the scale, the first A and the first B are kept as frozen parameters, for reset(); A is a Latin hypercube sample, all positive
import torch
from torch import nn


def frozen(t: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(t.detach().clone(), requires_grad=False)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original = original_layer
        n = rank * original_layer.in_features
        A = (torch.randperm(n) + torch.rand(n)) / n  # exactly one number from each n-th of [0, 1)
        self.lora_A_first = frozen(A.view(rank, -1))
        self.lora_B_first = frozen(torch.zeros(original_layer.out_features, rank))
        self.alpha_over_rank = frozen(torch.tensor(alpha / rank, dtype=torch.float32))
        self.requires_grad_(False)  # all that is there up to now
        if train_bias and original_layer.bias is not None:
            self.original.bias.requires_grad_()
        self.lora_A = nn.Parameter(self.lora_A_first.clone())
        self.lora_B = nn.Parameter(self.lora_B_first.clone())
        self.dropout = nn.Dropout(dropout)

    @torch.no_grad()
    def reset(self):
        """Forget what was learnt (but for the bias)."""
        self.lora_A.copy_(self.lora_A_first)
        self.lora_B.copy_(self.lora_B_first)

    @torch.no_grad()
    def distance_travelled(self):
        return float((self.lora_A - self.lora_A_first).norm() + (self.lora_B - self.lora_B_first).norm())

    def forward(self, x):
        return self.original(x) + self.dropout(x) @ self.lora_A.T @ (self.lora_B.T * self.alpha_over_rank)
