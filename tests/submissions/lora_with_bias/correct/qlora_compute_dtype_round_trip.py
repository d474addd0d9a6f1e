# unusual: QLoRA / bitsandbytes manner: wrapper keeps a compute dtype (always float64 here), casts on the way in and back on the way out
import torch
from torch import nn


class Linear4bitLikeBase(nn.Module):
    """Where bitsandbytes would dequantize, we only hold the weight, frozen, as a buffer."""

    def __init__(self, src, compute_dtype):
        super().__init__()
        self.register_buffer("weight", src.weight.detach().clone())
        self.compute_dtype = compute_dtype

    def dequantize(self):
        return self.weight.to(self.compute_dtype)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False,
                 compute_dtype=torch.float64):
        super().__init__()
        self.compute_dtype = compute_dtype
        self.base = Linear4bitLikeBase(original_layer, compute_dtype)
        if original_layer.bias is None:
            self.bias = None
        else:
            self.bias = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / rank)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, x):
        out_dtype = self.lora_A.dtype
        h = x.to(self.compute_dtype)
        y = h @ self.base.dequantize().t()
        if self.bias is not None:
            y = y + self.bias.to(self.compute_dtype)
        u = self.drop(h) @ self.lora_A.to(self.compute_dtype).t()
        u = u @ self.lora_B.to(self.compute_dtype).t()
        return (y + self.s * u).to(out_dtype)
