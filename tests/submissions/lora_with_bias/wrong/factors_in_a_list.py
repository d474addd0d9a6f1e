# mistake: factors-not-registered
# The parameters live in a plain Python list, where nn.Module does not see them.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.factors = [
            nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01),
            nn.Parameter(torch.zeros(original_layer.out_features, rank)),
        ]
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

    @property
    def lora_A(self):
        return self.factors[0]

    @property
    def lora_B(self):
        return self.factors[1]

    def forward(self, x):
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
