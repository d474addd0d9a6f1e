# Hurried: a first try that is wrong (no freezing, B random) is left in the file, the second class of the same name is the right one. Right: the last definition counts.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    # first try, did not work (forgot B = 0)
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.randn(original_layer.out_features, rank))

    def forward(self, x):
        return self.original_layer(x) + x @ self.lora_A.T @ self.lora_B.T


# print(LoRALayerWithBias(nn.Linear(3, 3))(torch.ones(3)))

class LoRALayerWithBias(nn.Module):
    # second try
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            if train_bias == True:
                self.original_layer.bias.requires_grad = True
            else:
                self.original_layer.bias.requires_grad = False
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.alpha = alpha
        self.rank = rank

    def forward(self, x):
        out1 = self.original_layer(x)
        out2 = self.dropout(x)
        out2 = out2 @ self.lora_A.T
        out2 = out2 @ self.lora_B.T
        out2 = out2 * (self.alpha / self.rank)
        # print(out1.shape, out2.shape)
        out = out1 + out2
        return out
