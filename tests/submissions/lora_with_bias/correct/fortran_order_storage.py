# Column-major: the factors are non-contiguous Parameters (transposed storage), the frozen weight is only kept transposed, as a buffer. Right: shapes are the contract's, frozen things may be unregistered copies.
import torch
from torch import nn

# In Fortran we would write  Y = X*W + b + (alpha/r) * (X*A)*B  with column-major arrays, so this is how they lie in memory.


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        n, m = original_layer.in_features, original_layer.out_features
        self.register_buffer("wt", original_layer.weight.detach().t().clone(memory_format=torch.contiguous_format))  # (n, m)
        if original_layer.bias is None:
            self.beta = None
        elif train_bias:
            self.beta = nn.Parameter(original_layer.bias.detach().clone())
        else:
            self.register_buffer("beta", original_layer.bias.detach().clone())
        a = torch.randn(n, rank) / n ** 0.5
        b = torch.zeros(rank, m)
        self.lora_A = nn.Parameter(a.t())  # (r, n), strides (1, r)
        self.lora_B = nn.Parameter(b.t())  # (m, r), strides (1, m)
        self.dropout = nn.Dropout(dropout)
        self.c = alpha / rank

    def forward(self, x):
        y = torch.matmul(x, self.wt)
        if self.beta is not None:
            y = y + self.beta
        return y + torch.matmul(torch.matmul(self.dropout(x), self.lora_A.t()), self.lora_B.t()) * self.c
