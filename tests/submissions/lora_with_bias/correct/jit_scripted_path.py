# the LoRA path is a torch.jit.script function where its source can be read; plain Python under inference_mode
import warnings

import torch
from torch import Tensor, nn


def lora_path(x: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
    return torch.matmul(torch.matmul(x, a.t()), b.t()) * scale


try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fast_lora_path = torch.jit.script(lora_path)
except OSError:
    print("cannot compile lora_path, using plain Python")
    fast_lora_path = lora_path


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0,
                 train_bias: bool = False) -> None:
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features).normal_())
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.scaling = float(alpha) / rank

    def forward(self, x: Tensor) -> Tensor:
        path = lora_path if torch.is_inference_mode_enabled() else fast_lora_path
        return self.original_layer(x) + path(self.dropout(x), self.lora_A, self.lora_B, self.scaling)
