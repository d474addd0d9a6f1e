# mistake: scaling-inverted
# The scale is rank / alpha.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        in_features, out_features = original_layer.in_features, original_layer.out_features
        self.lora_A = nn.Linear(in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, out_features, bias=False)
        nn.init.normal_(self.lora_A.weight, std=0.02)
        nn.init.zeros_(self.lora_B.weight)
        self.scaling = rank / alpha
        self.dropout = nn.Dropout(p=dropout)

        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

    def forward(self, x):
        result = self.original_layer(x)
        result = result + self.scaling * self.lora_B(self.lora_A(self.dropout(x)))
        return result
