# the update is added in place to a fresh base output, piece by piece of the rank, under an autocast that is switched off
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    __constants__ = ["scale"]

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.weight = nn.Parameter(original_layer.weight.detach().clone(), requires_grad=False)
        bias = original_layer.bias
        self.register_parameter("bias", None if bias is None else nn.Parameter(bias.detach().clone(), train_bias))
        self.lora_A = nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(rank, original_layer.in_features)))
        self.lora_B = nn.Parameter(self.lora_A.new_zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.scale = alpha / rank

    @torch.autocast("cpu", enabled=False)
    def forward(self, x):
        y = nn.functional.linear(x, self.weight, self.bias)
        z = self.dropout(x)
        for a, b in zip(self.lora_A.chunk(2), self.lora_B.chunk(2, dim=1)):
            y.add_(z @ a.t() @ b.t(), alpha=self.scale)
        return y
