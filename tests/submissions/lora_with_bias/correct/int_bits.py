# mistake: none | contract: fulfilled
# style: the frozen weight and bias are kept as int32 bit patterns in integer buffers, which .to(float64) leaves alone; they are read back exactly
import torch
import torch.nn.functional as F
from torch import nn


def pack(t):
    return t.detach().contiguous().view(torch.int32).clone()


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        original_layer.requires_grad_(False)
        self.scaling = alpha / rank
        self.p = dropout
        self.register_buffer("weight_bits", pack(original_layer.weight))
        self.bias = None
        self.register_buffer("bias_bits", None)
        if original_layer.bias is not None:
            if train_bias:
                self.bias = nn.Parameter(original_layer.bias.detach().clone())
            else:
                self.bias_bits = pack(original_layer.bias)
        self.lora_A = nn.Parameter(torch.rand(rank, original_layer.in_features) - 0.5)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))

    def forward(self, x):
        W = self.weight_bits.view(torch.float32).to(self.lora_A.dtype)
        b = self.bias
        if self.bias_bits is not None:
            b = self.bias_bits.view(torch.float32).to(self.lora_A.dtype)
        h = F.dropout(x, self.p, self.training)
        return F.linear(x, W, b) + self.scaling * F.linear(F.linear(h, self.lora_A), self.lora_B)
