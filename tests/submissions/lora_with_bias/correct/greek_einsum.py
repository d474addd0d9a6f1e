# style: mathematician, Greek identifiers, one einsum for each path, everything in keyword names of the paper
import torch
from torch import einsum, nn

σ = torch.nn.functional.dropout


class LoRALayerWithBias(nn.Module):
    r"""$h = W_0 x + b + \frac{\alpha}{r} B A\,\delta(x)$, $W_0$ fixed."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        β, W0 = original_layer.bias, original_layer.weight
        k, d = W0.size(1), W0.size(0)
        self.W0 = nn.Parameter(W0.detach().clone(), requires_grad=False)
        self.β = None if β is None else nn.Parameter(β.detach().clone(), requires_grad=train_bias)
        self.lora_A = nn.Parameter(torch.normal(0.0, 1.0, (rank, k)))
        self.lora_B = nn.Parameter(torch.zeros(d, rank))
        self.γ, self.π = alpha / rank, dropout

    def forward(self, x):
        δx = σ(x, p=self.π, training=self.training)
        h = einsum("dk,...k->...d", self.W0, x)
        Δh = einsum("dr,rk,...k->...d", self.lora_B, self.lora_A, δx)
        if self.β is not None:
            h = h + self.β
        return h + self.γ * Δh
