# flattens to two dimensions and uses addmm with alpha; accepts additional keyword arguments
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False, *, init_std=0.05, device=None):
        super().__init__()
        self.fc = original_layer
        self.fc.weight.requires_grad_(False)
        if self.fc.bias is not None:
            self.fc.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, self.fc.in_features, device=device) * init_std)
        self.lora_B = nn.Parameter(torch.zeros(self.fc.out_features, rank, device=device))
        self.lora_dropout = nn.Dropout(dropout)
        self.gamma = alpha / rank

    def forward(self, *inputs):
        x, = inputs
        shape = x.shape[:-1] + (self.fc.out_features,)
        rows = x.reshape(-1, self.fc.in_features)
        hidden = torch.mm(self.lora_dropout(rows), self.lora_A.t())
        y = torch.addmm(self.fc(rows), hidden, self.lora_B.t(), alpha=self.gamma)
        return y.reshape(shape)
