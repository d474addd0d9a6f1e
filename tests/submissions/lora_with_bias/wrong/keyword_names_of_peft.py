# mistake: unnamed
# The arguments are called r, lora_alpha and lora_dropout, so the exercise's keywords raise TypeError.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, r=4, lora_alpha=1.0, lora_dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.randn(r, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, r))
        self.dropout = nn.Dropout(lora_dropout)
        self.scaling = lora_alpha / r

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
