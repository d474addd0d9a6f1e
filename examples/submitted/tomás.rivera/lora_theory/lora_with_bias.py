import math
import torch
import torch.nn as nn

class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0,
                 dropout: float = 0.0, train_bias: bool = False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        self.original_layer.bias.requires_grad = train_bias      # see the hint

        self.rank, self.alpha = rank, alpha
        self.scaling = alpha / rank

        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.lora_dropout = nn.Dropout(dropout) if dropout > 0 else nn.Identity()

    def forward(self, x):
        result = self.original_layer(x)
        x = self.lora_dropout(x)
        return result + (x @ self.lora_A.t() @ self.lora_B.t()) * self.scaling
