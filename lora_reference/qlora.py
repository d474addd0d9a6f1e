"""QLoRA: a frozen base in 4 bits, and trained factors in 16."""

import copy
import warnings
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lora_reference.layers import LoRALayer
from lora_reference.nf4 import dequantize_nf4, quantize_nf4
from lora_reference.storage import DoubleQuantized, double_dequantize, double_quantize, pack_nf4, unpack_nf4

__all__ = ["NF4Linear", "QLoRALayer"]


class NF4Linear(nn.Module):
    """A frozen linear layer whose weight is kept as NF4 codes with doubly quantized scales.

        y = dequantize(codes, dequantize(scales)) x + b             4.127 bits a weight in blocks of 64

    The weight is made in x's dtype for each call, and made again for the backward pass, so that it is never
    kept. Moving to another dtype changes b alone: scales stay float32. Source: QLoRA, arXiv 2305.14314, section 3.
    """

    packed: Tensor  # (ceil(out * in / 2),) uint8
    scale_codes: Tensor  # (n_blocks,) uint8
    scale_bits: Tensor  # (ceil(n_blocks / 256) + 1,) int32: the bits of the second scales and of their mean

    def __init__(self, linear: nn.Linear, block_size: int = 64) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.block_size = block_size
        self.bias = linear.bias
        for name, value in self.encoded(linear.weight).items():
            self.register_buffer(name, value)

    def encoded(self, W: Tensor) -> dict[str, Tensor]:
        """The buffers that hold W, (out, in)."""
        codes, scales = quantize_nf4(W, self.block_size)
        again = double_quantize(scales)
        floats = torch.cat([again.scales, again.mean[None]])
        # As int32 they are no floating buffers, which `.to(torch.bfloat16)` would round.
        return {"packed": pack_nf4(codes), "scale_codes": again.codes, "scale_bits": floats.view(torch.int32)}

    def dequantize(self) -> Tensor:
        """The weight, float32, (out, in)."""
        floats = self.scale_bits.view(torch.float32)
        scales = double_dequantize(DoubleQuantized(self.scale_codes, floats[:-1], floats[-1]))
        codes = unpack_nf4(self.packed, (self.out_features, self.in_features))
        return dequantize_nf4(codes, scales, self.block_size)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = _Linear4Bit.apply(x, self)  # type: ignore[no-untyped-call]
        return y if self.bias is None else y + self.bias.to(y.dtype)

    def with_buffers(self, buffers: dict[str, Tensor]) -> "NF4Linear":
        """The same layer, holding these buffers from now on."""
        self._buffers = dict(buffers)
        return self

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, block_size={self.block_size}"
        )


class _Linear4Bit(torch.autograd.Function):
    """y = W x with W dequantized in both passes; x gets a gradient, W none."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: NF4Linear) -> Tensor:
        ctx.layer = layer
        return F.linear(x, layer.dequantize().to(x.dtype))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (g,) = gradients
        return g @ ctx.layer.dequantize().to(g.dtype), None


class QLoRALayer(LoRALayer):
    """A frozen `nn.Linear` in NF4 with a trainable low-rank update in `dtype` beside it.

        y = W4 x + b + s * B A dropout(x)        W4 = the weight as `NF4Linear` keeps it

    x is taken in `dtype` and y given back in x's. A (rank, in) and B (out, rank) are made in `dtype`.

    `merge_weights()` adds the update to the dequantized weight and quantizes the sum again: that loses what lies
    below NF4's steps, often most of a small update, and a warning says how much. `unmerge_weights()` puts the old
    codes back exactly. `merged_linear()` gives an `nn.Linear` in float32 that loses nothing.
    Source: QLoRA, arXiv 2305.14314, section 3, equation 5. Raises as `LoRALayer` does.
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
        block_size: int = 64,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__(original_layer, rank, alpha, dropout, train_bias=train_bias, use_rslora=use_rslora)
        self.base = NF4Linear(original_layer, block_size)
        del self.original_layer  # W itself is let go
        self.dtype = dtype
        self.lora_A = nn.Parameter(self.lora_A.detach().to(dtype))
        self.lora_B = nn.Parameter(self.lora_B.detach().to(dtype))
        self._kept_codes: dict[str, Tensor] | None = None  # of W4, while the update is merged

    def forward(self, x: Tensor) -> Tensor:
        x_d = x.to(self.dtype)  # (..., in)
        y: Tensor = self.base(x_d)  # (..., out)
        if not self.merged:
            Ax = self.dropout(x_d) @ self.lora_A.T  # (..., rank)
            y = y + self.scaling * (Ax @ self.lora_B.T)  # (..., out)
        return y.to(x.dtype)

    @property
    def merged(self) -> bool:
        return self._kept_codes is not None

    @property
    def pretrained_weight(self) -> Tensor:
        """W4, float32, (out, in), as it was before any merging."""
        if self._kept_codes is None:
            return self.base.dequantize()
        return copy.copy(self.base).with_buffers(self._kept_codes).dequantize()

    @torch.no_grad()
    def merge_weights(self) -> None:
        """Quantize W4 + s B A again, unless that is done; A and B count again after `unmerge_weights`."""
        if self.merged:
            return
        W = self.merged_linear().weight  # (out, in)
        update = W - self.pretrained_weight
        self._kept_codes = {name: buffer.clone() for name, buffer in self.base.named_buffers()}
        self.base.with_buffers(self.base.encoded(W))
        lost = (self.base.dequantize() - W).norm() / update.norm().clamp_min(1e-30)
        warnings.warn(
            f"merging into 4 bits rounds by {float(lost):.2g} times the size of the update; merged_linear() keeps it whole",
            stacklevel=2,
        )

    @torch.no_grad()
    def unmerge_weights(self) -> None:
        """Put the codes of W4 back as they were; without a merge, do nothing."""
        if self._kept_codes is not None:
            self.base.with_buffers(self._kept_codes)
            self._kept_codes = None

    @torch.no_grad()
    def merged_linear(self) -> nn.Linear:
        """An `nn.Linear` in float32 with the weight W4 + s B A and a copy of the bias."""
        W = self.pretrained_weight + self.delta_weight().float()  # (out, in)
        linear = nn.Linear(W.shape[1], W.shape[0], bias=self.base.bias is not None, device=W.device)
        linear.weight.copy_(W)
        if self.base.bias is not None:
            linear.bias.copy_(self.base.bias)
        return linear
