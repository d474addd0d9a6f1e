# who: senior Python dev, "composition over inheritance"; unusual: holds a lab.LoRALayer and forwards to it, the factors are the same Parameters under a second name
"""The lab's layer does the work; this class only decides about the bias."""
from torch import Tensor, nn

from lab import LoRALayer


class LoRALayerWithBias(nn.Module):
    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        self.core = LoRALayer(original_layer, rank=rank, alpha=alpha, dropout=dropout)
        self.lora_A, self.lora_B = self.core.lora_A, self.core.lora_B
        if (bias := self.core.original_layer.bias) is not None:
            bias.requires_grad_(train_bias)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.core(x)
        return out
