# mistake: unnamed
# B not zero: the second layer(x) adds the update twice, the third three times (a hook is registered in each forward and never removed).
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """Injects the low-rank update into the original layer with a forward hook."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.requires_grad_(False)
        if train_bias and self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        def inject(module, inputs, output):
            return output + self.scaling * (self.dropout(inputs[0]) @ self.lora_A.T @ self.lora_B.T)

        self.original_layer.register_forward_hook(inject)
        return self.original_layer(x)
