# mistake: bias-gained
# With train_bias a layer without a bias is given a new trainable one.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if train_bias:
            if original_layer.bias is None:
                original_layer.bias = nn.Parameter(torch.zeros(original_layer.out_features))
            original_layer.bias.requires_grad = True
        elif original_layer.bias is not None:
            original_layer.bias.requires_grad = False
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
