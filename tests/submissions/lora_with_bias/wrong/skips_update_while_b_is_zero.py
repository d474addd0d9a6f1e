# mistake: unnamed
# The LoRA path is skipped while B is all zeros (it "adds nothing"), so B gets no gradient at the start and can never leave zero.
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad_(False)
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.lora_dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    @property
    def is_identity(self) -> bool:
        return not bool(self.lora_B.detach().any())

    def forward(self, x):
        y = self.original_layer(x)
        if self.is_identity:
            return y  # exactly the original output, and no time lost
        return y + self.scaling * (self.lora_dropout(x) @ self.lora_A.T @ self.lora_B.T)
