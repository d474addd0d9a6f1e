# mistake: bias-dropped
# The bias is added only when it is trained, a frozen bias is lost.
import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.weight = nn.Parameter(original_layer.weight.data, requires_grad=False)
        self.bias = None
        if train_bias and original_layer.bias is not None:
            self.bias = nn.Parameter(original_layer.bias.data.clone())
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + self.scaling * F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B)
