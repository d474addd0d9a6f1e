# who: numerical analyst, thinks in matrices and flops; unusual: one effective weight when no dropout is active, chooses the cheaper order of products
r"""
y = (W + c B A) x + b           when the dropout is not active       (one product with a dense matrix)
y = W x + b + c B (A (D x))     with D diagonal, random, E[D] = I, otherwise
"""
import torch
from torch import nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        m, n = original_layer.out_features, original_layer.in_features
        self.linear = original_layer
        self.linear.weight.requires_grad_(False)
        if self.linear.bias is not None:
            self.linear.bias.requires_grad_(train_bias)
        A = torch.empty(rank, n)
        nn.init.xavier_normal_(A)
        self.lora_A = nn.Parameter(A)
        self.lora_B = nn.Parameter(torch.zeros(m, rank))
        self.c = alpha / rank
        self.D = nn.Dropout(dropout)

    def _dense(self, n_samples):
        # flops of the two orders, to leading order
        m, n = self.linear.weight.shape
        r = self.lora_A.shape[0]
        return m * n * r + n_samples * m * n < n_samples * (m * n + r * (m + n))

    def forward(self, x):
        W, b = self.linear.weight, self.linear.bias
        active = self.training and self.D.p > 0
        if not active and self._dense(x[..., 0].numel()):
            return F.linear(x, torch.addmm(W, self.lora_B, self.lora_A, alpha=self.c), b)
        return F.linear(x, W, b) + self.c * F.linear(F.linear(self.D(x), self.lora_A), self.lora_B)
