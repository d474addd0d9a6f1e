# mistake: missing-scaling
# alpha / rank only multiplies the initial A, so after training or a copy into A the scale is gone.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """LoRA layer, the scaling is already inside of A so that forward is cheaper."""

    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0, train_bias: bool = False):
        super().__init__()
        self.linear = original_layer
        for p in self.linear.parameters():
            p.requires_grad_(False)
        if train_bias and self.linear.bias is not None:
            self.linear.bias.requires_grad_(True)
        A = torch.randn(rank, original_layer.in_features) * 0.01
        self.lora_A = nn.Parameter(A * (alpha / rank))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) + self.drop(x) @ self.lora_A.T @ self.lora_B.T
