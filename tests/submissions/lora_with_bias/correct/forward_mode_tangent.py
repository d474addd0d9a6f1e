# forward-mode differentiation: the LoRA path is the derivative of the layer along the direction B A
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import jvp


class LoRALayerWithBias(nn.Module):
    """d/dt F.linear(d, W + t D) at t = 0 is F.linear(d, D), because a linear layer is linear in its weight too."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        for name, p in original_layer.named_parameters():
            p.requires_grad = name == "bias" and bool(train_bias)
        self.point = original_layer
        self.lora_A = nn.Parameter(nn.init.xavier_normal_(torch.empty(rank, original_layer.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.step = alpha / rank

    def direction(self):
        return torch.mm(self.lora_B, self.step * self.lora_A)

    def forward(self, x):
        d = self.drop(x)
        _, tangent = jvp(lambda W: F.linear(d, W), (self.point.weight,), (self.direction(),))
        return self.point(x) + tangent
