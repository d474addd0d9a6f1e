# style: nn.Parameter subclass for the factors; the new layer takes over the original layer's training flag
import torch
from torch import nn


class Factor(nn.Parameter):
    """A parameter that knows that it belongs to LoRA, so that an optimizer can group by type."""

    group = "lora"


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.lora_A = Factor(torch.empty(rank, original_layer.in_features).exponential_())
        self.lora_B = Factor(torch.zeros(original_layer.out_features, rank))
        self.scaling = torch.tensor(alpha / rank)  # 0-dim on the CPU: takes part in any dtype, on any device
        self.dropout = nn.Dropout(dropout)
        for name, p in original_layer.named_parameters():
            p.requires_grad = name == "bias" and train_bias
        self.train(original_layer.training)  # an eval-mode model stays in eval mode after injection

    def forward(self, x):
        z = torch.tensordot(self.dropout(x), self.lora_A, dims=([-1], [1]))
        return self.original_layer(x) + self.scaling * torch.tensordot(z, self.lora_B, dims=([-1], [1]))
