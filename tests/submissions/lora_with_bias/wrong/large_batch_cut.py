# mistake: unnamed
# The LoRA path handles the first 1024 rows of a flattened batch only.
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = train_bias

    def forward(self, x):
        y = self.original_layer(x)
        flat = self.dropout(x).reshape(-1, x.shape[-1])
        lora = torch.zeros(flat.shape[0], y.shape[-1], dtype=x.dtype)
        lora[:1024] = flat[:1024] @ self.lora_A.T @ self.lora_B.T
        return y + lora.reshape(y.shape) * self.scaling
