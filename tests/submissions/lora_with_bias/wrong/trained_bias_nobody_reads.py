# mistake: unnamed
# Train_bias=True: layer(x).sum().backward(); layer.bias.grad is None, and filling layer.bias with 5 leaves the output as it is.
import math
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """
    Args:
        original_layer: frozen completely
        train_bias: make a trainable copy of its bias
    """

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)

        # Step 1: freeze everything
        for param in self.original_layer.parameters():
            param.requires_grad = False

        # Step 2: trainable bias
        if train_bias and self.original_layer.bias is not None:
            self.bias = nn.Parameter(self.original_layer.bias.data.clone())
        else:
            self.register_parameter("bias", None)

    def forward(self, x):
        # Original (frozen) output, bias included
        original = self.original_layer(x)
        # LoRA output
        lora = (self.dropout(x) @ self.lora_A.T) @ self.lora_B.T
        return original + self.scaling * lora
