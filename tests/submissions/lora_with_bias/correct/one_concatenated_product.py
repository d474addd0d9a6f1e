# One single matrix product: [x, dropout(x) A'] times [W, s B]', concatenated anew in each call; the bias rides along. Right: block matrices give the formula, up to rounding.
import torch
from torch import cat, nn
from torch.nn.functional import linear


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.weight = nn.Parameter(original_layer.weight.data, requires_grad=False)  # shares the memory
        if original_layer.bias is None:
            self.register_parameter("bias", None)
        else:
            self.bias = nn.Parameter(original_layer.bias.data, requires_grad=bool(train_bias))
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features).div(rank))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.do = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, x):
        left = cat([x, linear(self.do(x), self.lora_A)], dim=-1)  # (..., in + r)
        right = cat([self.weight, self.s * self.lora_B], dim=1)  # (out, in + r)
        return linear(left, right, self.bias)
