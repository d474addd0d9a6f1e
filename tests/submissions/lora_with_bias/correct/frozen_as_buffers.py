# the frozen weight (and bias) are buffers, so the only parameters are the trained ones
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.register_buffer("weight", original_layer.weight.data.clone())
        if original_layer.bias is None:
            self.bias = None
        elif train_bias:
            self.bias = nn.Parameter(original_layer.bias.data.clone())
        else:
            self.register_buffer("bias", original_layer.bias.data.clone())
        self.register_buffer("scale", torch.as_tensor(alpha / rank, dtype=torch.float32), persistent=False)
        self.lora_A = nn.Parameter(torch.nn.init.trunc_normal_(torch.empty(rank, self.weight.size(1)), std=0.02))
        self.lora_B = nn.Parameter(self.weight.new_zeros(self.weight.size(0), rank))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        out = torch.einsum("...i,oi->...o", x, self.weight)
        if self.bias is not None:
            out = out + self.bias
        return out + self.scale * torch.einsum("...i,ri,or->...o", self.dropout(x), self.lora_A, self.lora_B)
