# torch.func.functional_call with the weight replaced by W + s B A, built anew in every call; the two-path formula only when dropout is at work. Right: same values and gradients up to rounding, nothing is merged.
import torch
from torch import nn
from torch.func import functional_call


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.stateless = original_layer
        self.stateless.weight.requires_grad_(False)
        if self.stateless.bias is not None:
            self.stateless.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / original_layer.in_features)
        self.lora_B = nn.Parameter(self.lora_A.new_zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        # the number may be held in float32
        self.register_buffer("s", torch.tensor(alpha / rank, dtype=torch.float32))

    def delta(self):
        return self.s * (self.lora_B @ self.lora_A)

    def forward(self, x):
        if self.training and self.dropout.p > 0:
            return self.stateless(x) + self.dropout(x) @ self.delta().T
        return functional_call(self.stateless, {"weight": self.stateless.weight + self.delta()}, (x,))
