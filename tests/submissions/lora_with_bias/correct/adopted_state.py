# adopts the __dict__ of the original layer: it becomes a nn.Linear with two more parameters
import copy

import torch
from torch import nn


class LoRALayerWithBias(nn.Linear):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        nn.Module.__init__(self)
        self.__dict__.update({key: copy.copy(value) for key, value in vars(original_layer).items()})
        for name, parameter in self.named_parameters(recurse=False):
            parameter.requires_grad_(name == "bias" and train_bias)
        self.register_parameter("lora_A", nn.Parameter(torch.randn(rank, self.in_features) * 0.01))
        self.register_parameter("lora_B", nn.Parameter(torch.zeros(self.out_features, rank)))
        self.keep = 1 - dropout
        self.factor = alpha / rank

    def forward(self, x):
        base = nn.Linear.forward(self, x)
        if self.training and self.keep < 1:
            x = x * torch.empty_like(x).bernoulli_(self.keep) / self.keep
        return base + self.factor * torch.matmul(torch.matmul(x, self.lora_A.mT), self.lora_B.mT)
