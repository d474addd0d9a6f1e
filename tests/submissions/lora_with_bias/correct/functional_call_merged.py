# torch.func.functional_call runs the original layer with the merged weight
import torch
from torch import nn
from torch.func import functional_call


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.scaling = alpha / rank
        self.dropout = dropout
        for p in self.original_layer.parameters():
            p.requires_grad = False
        if train_bias and getattr(self.original_layer, "bias", None) is not None:
            self.original_layer.bias.requires_grad = True
        self.lora_A = nn.Parameter(torch.zeros(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        with torch.no_grad():
            self.lora_A.uniform_(-0.1, 0.1)

    def forward(self, x):
        if self.training and self.dropout:
            mask = (torch.rand_like(x) >= self.dropout).to(x.dtype).div(1 - self.dropout)
            return self.original_layer(x) + self.scaling * ((x * mask) @ self.lora_A.T) @ self.lora_B.T
        weight = self.original_layer.weight + self.scaling * self.lora_B.matmul(self.lora_A)
        return functional_call(self.original_layer, {"weight": weight}, (x,))
