import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()

        self.original = original_layer
        self.rank = rank
        self.alpha = alpha
        self.train_bias = train_bias

        # freeze the weight, the bias stays trainable
        self.original.weight.requires_grad = False
        if self.original.bias is not None:
            self.original.bias.requires_grad = True

        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        original_out = self.original(x)
        lora_out = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return original_out + lora_out
