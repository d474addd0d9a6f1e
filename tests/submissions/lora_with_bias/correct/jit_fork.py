# mistake: none | contract: fulfilled
# style: torch.jit.fork starts the low-rank path, wait collects it after the frozen path
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original = original_layer
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = bool(train_bias)
        self.lora_A = nn.Parameter(nn.init.xavier_normal_(torch.empty(rank, original_layer.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.scale = alpha / rank

    def low_rank(self, x):
        return (self.drop(x) @ self.lora_A.mT) @ self.lora_B.mT

    def forward(self, x):
        future = torch.jit.fork(self.low_rank, x)
        y = self.original(x)
        return torch.add(y, torch.jit.wait(future), alpha=self.scale)
