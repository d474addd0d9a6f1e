# mistake: factors-swapped
# A has the shape (in, rank) and B (rank, out): the product is right but the factors are stored transposed.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.lora_A = nn.Parameter(torch.randn(original_layer.in_features, rank) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(rank, original_layer.out_features))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A @ self.lora_B * self.scaling
