# mistake: bias-dropped
# Under train_bias the trained bias starts from zeros instead of the pretrained values.
import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            if train_bias:
                original_layer.bias = nn.Parameter(torch.zeros(original_layer.out_features))
            else:
                original_layer.bias.requires_grad = False
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.original_layer(x) + self.scaling * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
