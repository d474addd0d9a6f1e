"""Exercise 1. I keep the frozen numbers as buffers, so `parameters()` holds only what is trained."""

from torch import Tensor, nn
from torch.nn import functional as F


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        n_out, n_in = original_layer.weight.shape
        self.register_buffer("weight", original_layer.weight.detach())
        if original_layer.bias is None:
            self.bias = None
        elif train_bias:
            self.bias = nn.Parameter(original_layer.bias.detach())
        else:
            self.register_buffer("bias", original_layer.bias.detach())

        self.lora_A = nn.Linear(n_in, rank, bias=False)  # nn.Linear's own initialization is what we want for A
        self.lora_B = nn.Linear(rank, n_out, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.lora_path = nn.Sequential(nn.Dropout(dropout), self.lora_A, self.lora_B)
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias).add(self.lora_path(x), alpha=self.scale)

    def extra_repr(self):
        bias = "none" if self.bias is None else "trained" if self.bias.requires_grad else "frozen"
        return f"scale={self.scale:g}, bias={bias}"
