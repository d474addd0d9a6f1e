# mistake: unnamed
# X.requires_grad_(); layer(x).sum().backward(): x.grad lacks W's part (at creation it is zero).
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """The frozen product needs no graph, so it is computed under no_grad: saves memory."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        self.has_bias = original_layer.bias is not None
        if self.has_bias:
            self.original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_normal_(self.lora_A)
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        with torch.no_grad():
            frozen = x @ self.original_layer.weight.T
        out = frozen + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
        if self.has_bias:
            out = out + self.original_layer.bias  # outside: it may be trained
        return out
