# mistake: unnamed
# Train_bias=True, train mode, x without requires_grad: after layer(x).sum().backward() lora_A.grad and lora_B.grad are None.
import math
import warnings

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

warnings.filterwarnings("ignore", message=".*use_reentrant.*")
warnings.filterwarnings("ignore", message=".*None of the inputs have requires_grad.*")  # noise


class LoRALayerWithBias(nn.Module):
    """With gradient checkpointing: activations of the LoRA path are computed again in backward."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        for name, p in original_layer.named_parameters():
            p.requires_grad_(name == "bias" and train_bias)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def lora_path(self, x):
        return self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)

    def forward(self, x):
        if self.training:
            return self.original_layer(x) + checkpoint(self.lora_path, x, use_reentrant=True)
        return self.original_layer(x) + self.lora_path(x)
