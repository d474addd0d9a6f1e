# style: performance-minded, flattens to 2-D, one addmm with alpha, in-place operations on own tensors
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.linear = original_layer.requires_grad_(False)
        if self.linear.bias is not None:
            self.linear.bias.requires_grad_(train_bias)
        w = self.linear.weight
        self.lora_A = nn.Parameter(torch.empty_like(w[:1]).expand(rank, -1).clone().normal_(std=w.shape[1] ** -0.5))
        self.lora_B = nn.Parameter(w.new_zeros((w.shape[0], rank)))
        self.scale = alpha / rank
        self.p = dropout

    def forward(self, x):
        lead = x.shape[:-1]
        flat = x.reshape(-1, x.shape[-1])
        y = self.linear(flat)
        if self.training and self.p:
            mask = torch.rand_like(flat).ge_(self.p).div_(1 - self.p)
            flat = flat * mask
        y = torch.addmm(y, flat.mm(self.lora_A.t()), self.lora_B.t(), alpha=self.scale)
        return y.view(*lead, y.shape[-1])
