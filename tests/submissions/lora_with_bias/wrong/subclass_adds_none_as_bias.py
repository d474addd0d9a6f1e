# mistake: crashes-without-bias
# a subclass of nn.Linear whose forward adds the bias by hand
import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Linear):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer.in_features, original_layer.out_features, bias=original_layer.bias is not None)
        self.load_state_dict(original_layer.state_dict())
        self.weight.requires_grad_(False)
        if self.bias is not None:
            self.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(nn.init.kaiming_uniform_(torch.empty(rank, self.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, rank))
        self.s = alpha / rank
        self.drop = nn.Dropout(dropout)


    def forward(self, x):
        return x @ self.weight.T + self.bias + self.s * (self.drop(x) @ self.lora_A.T @ self.lora_B.T)
