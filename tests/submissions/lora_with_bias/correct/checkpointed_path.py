# gradient checkpointing: nothing of the LoRA path is kept, the backward pass computes it a second time with the same mask
import math

from torch import nn
from torch.utils.checkpoint import checkpoint


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = original_layer.requires_grad_(False)
        if original_layer.bias is not None and train_bias:
            original_layer.bias.requires_grad_(True)
        W = original_layer.weight
        self.lora_A = nn.Parameter(W.new_empty(rank, W.size(1)).log_normal_(-math.log(W.size(1)), 0.5))
        self.lora_B = nn.Parameter(W.new_zeros(W.size(0), rank))
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("scale", W.new_tensor(alpha / rank), persistent=False)

    def path(self, x):
        return self.dropout(x).matmul(self.lora_A.t()).matmul(self.lora_B.t()).mul(self.scale)

    def forward(self, x):
        return self.layer(x) + checkpoint(self.path, x, use_reentrant=False, preserve_rng_state=True)
