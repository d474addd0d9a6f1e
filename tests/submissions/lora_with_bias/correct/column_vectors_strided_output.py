# style: column-vector convention of the paper, output comes back as a non-contiguous (transposed) tensor
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """h = W x + b + s B A x with x as columns, as on the blackboard."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.W = original_layer.weight
        self.b = original_layer.bias  # may be None
        self.W.requires_grad = False
        if self.b is not None:
            self.b.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.randn(rank, self.W.shape[1]))
        self.lora_B = nn.Parameter(torch.zeros(self.W.shape[0], rank))
        self.s = alpha / rank
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        if x.dim() == 1:
            return self.forward(x.unsqueeze(0)).squeeze(0)
        X, Z = x.movedim(-1, -2), self.drop(x).movedim(-1, -2)  # (..., in, tokens)
        H = self.W @ X + self.s * (self.lora_B @ (self.lora_A @ Z))
        if self.b is not None:
            H = H + self.b[:, None]
        return H.movedim(-2, -1)
