"""DoRA: a weight taken apart into magnitude and direction."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lora_reference.layers import LoRALayer

__all__ = ["DoRALayer"]


class DoRALayer(LoRALayer):
    """A frozen `nn.Linear` (W, b) whose direction gets a low-rank update, and whose magnitude m is trained.

        V = W + s B A               n = ||V|| of each output row, (out, 1), held constant in the backward pass
        y = (m / n) V x + b         at the start m = ||W||, so y is the old layer's

    Under dropout, in training, x' = dropout(x) takes the place of x in all that differs from the old layer:
    y = W x + b + (m / n - 1) W x' + (m / n) s B A x'.

    A (rank, in) and B (out, rank) as in LoRA; m = `lora_magnitude` (out,). `delta_weight()` is (m / n) V - W.
    Merging and unmerging work as in `LoRALayer`.
    Source: DoRA, arXiv 2402.09353, sections 4.1 and 4.3 (the detached norm); the form with dropout is PEFT's.
    Raises as `LoRALayer` does.
    """

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        *,
        train_bias: bool = False,
        use_rslora: bool = False,
    ) -> None:
        super().__init__(original_layer, rank, alpha, dropout, train_bias=train_bias, use_rslora=use_rslora)
        self.lora_magnitude = nn.Parameter(original_layer.weight.norm(dim=1))  # (out,)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.original_layer(x)  # (..., out)
        if self.merged:
            return y
        W = self.original_layer.weight
        ratio = self.magnitude_ratio()  # (out,)
        x = self.dropout(x)  # (..., in)
        BAx = x @ self.lora_A.T @ self.lora_B.T  # (..., out)
        return y + (ratio - 1) * F.linear(x, W) + ratio * self.scaling * BAx

    def magnitude_ratio(self) -> Tensor:
        """m / n, (out,): by how much each output row is stretched. No gradient flows through n."""
        V = self.pretrained_weight + self.scaling * (self.lora_B @ self.lora_A)  # (out, in)
        n = V.norm(dim=1).detach()  # (out,)
        return self.lora_magnitude / torch.where(n > 0, n, 1)  # a row of zeros has no direction to stretch

    def delta_weight(self) -> Tensor:
        """The update of W: (m / n) (W + s B A) - W, of W's shape (out, in)."""
        W = self.pretrained_weight
        V = W + self.scaling * (self.lora_B @ self.lora_A)  # (out, in)
        return self.magnitude_ratio()[:, None] * V - W
