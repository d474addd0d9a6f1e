# merged on the fly
import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    # without dropout at work one matrix does: W + s B A, formed anew in each call
    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0, train_bias: bool = False) -> None:
        super().__init__()
        self.register_buffer("W", original_layer.weight.detach())
        if original_layer.bias is None:
            self.b = None
        else:
            self.b = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=bool(train_bias))
        self.lora_A = nn.Linear(self.W.shape[1], rank, bias=False)
        self.lora_B = nn.Linear(rank, self.W.shape[0], bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.register_buffer("c", torch.tensor(alpha / rank))
        self.p = float(dropout)

    def forward(self, x):
        delta = self.c * self.lora_B.weight @ self.lora_A.weight
        if self.training and self.p:
            return F.linear(x, self.W, self.b) + F.linear(F.dropout(x, self.p), delta)
        return F.linear(x, self.W + delta, self.b)
