"""The LoRA layer of the lab, with argument checks, a trainable bias and rank-stabilized scaling."""

import math

from torch import Tensor, nn

from lora_reference import lab

__all__ = ["LoRALayer"]


class LoRALayer(lab.LoRALayer):
    """A frozen `nn.Linear` (W, b) with a trainable low-rank update beside it.

        y = W x + b + s * B A dropout(x)        s = alpha / rank, with use_rslora alpha / sqrt(rank)

    x is (..., in) and y (..., out); A = `lora_A` is (rank, in), random, and B = `lora_B` is (out, rank), zero.
    Both are made on the layer's device, in its dtype. Only they are trained, and b under `train_bias`; a layer
    without a bias gains none. `merge_weights()` puts s * B A into W, `unmerge_weights()` puts W back exactly, in
    any order and any number of times; `merged` says which, and `delta_weight()` is s * B A, (out, in).

    Sources: LoRA, arXiv 2106.09685, section 4.1; rsLoRA's scaling, arXiv 2312.03732; dropout as in PEFT.
    Raises TypeError for a layer that is no `nn.Linear`, ValueError for rank < 1 or a dropout outside [0, 1].

    >>> layer = LoRALayer(nn.Linear(256, 256, bias=False), rank=4, alpha=8)
    >>> layer.trainable_params, layer.total_params, layer.scaling
    (2048, 67584, 2.0)
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
        if not isinstance(original_layer, nn.Linear):
            raise TypeError(f"original_layer is a {type(original_layer).__name__}, should be an nn.Linear")
        if rank < 1:
            raise ValueError(f"rank = {rank}, should be at least 1")
        super().__init__(original_layer, rank, alpha, dropout)
        self.use_rslora = use_rslora
        if use_rslora:
            self.scaling = alpha / math.sqrt(rank)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)

    @property
    def pretrained_weight(self) -> Tensor:
        """W, (out, in), as it was before any merging."""
        return self.original_layer.weight if self._kept_weight is None else self._kept_weight

    @property
    def trainable_params(self) -> int:
        """How many numbers training changes."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    @property
    def total_params(self) -> int:
        """How many numbers the layer holds: W, b, A and B."""
        return sum(p.numel() for p in self.parameters())

    def extra_repr(self) -> str:
        return f"rank={self.rank}, alpha={self.alpha}, scaling={self.scaling:g}, merged={self.merged}"
