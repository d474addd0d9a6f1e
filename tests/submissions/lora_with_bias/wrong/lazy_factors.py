# mistake: unnamed
# The factors are made in the first forward, so a new layer has no parameters to train or to give to an optimizer.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.lora_A = self.lora_B = None
        self.dropout = nn.Dropout(dropout)
        self.rank, self.scaling = rank, alpha / rank

    def forward(self, x):
        if self.lora_A is None:
            out_features, in_features = self.original_layer.weight.shape
            self.lora_A = nn.Parameter(torch.randn(self.rank, in_features).to(x) * 0.01)
            self.lora_B = nn.Parameter(torch.zeros(out_features, self.rank).to(x))
        return self.original_layer(x) + self.dropout(x) @ self.lora_A.T @ self.lora_B.T * self.scaling
