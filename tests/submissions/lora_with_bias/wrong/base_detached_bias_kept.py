# mistake: base-path-detached
# x @ W.T is detached because W is frozen, only the bias stays in the graph, so x gets the LoRA gradient alone.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.weight = nn.Parameter(original_layer.weight.detach().clone(), requires_grad=False)
        if original_layer.bias is not None:
            self.bias = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=train_bias)
        else:
            self.bias = None
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        y = (x @ self.weight.T).detach()
        if self.bias is not None:
            y = y + self.bias
        return y + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
