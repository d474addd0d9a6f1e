"""How NF4 weights are stored: two codes to a byte, and scales that are quantized again (QLoRA)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lora_reference.nf4 import blocks, unblocked

__all__ = ["DoubleQuantized", "double_dequantize", "double_quantize", "pack_nf4", "unpack_nf4"]


def pack_nf4(codes: Tensor) -> Tensor:
    """Two codes to a byte, the first in the high nibble: bitsandbytes' order.

    codes: uint8 0 to 15, any shape, read in row-major order; the result is uint8 of shape (ceil(n / 2),), with 0
    in the low nibble of the last byte where n is odd. Raises TypeError for another dtype, ValueError for a code
    above 15.

    >>> [hex(byte) for byte in pack_nf4(torch.tensor([1, 15, 7], dtype=torch.uint8)).tolist()]
    ['0x1f', '0x70']
    """
    if codes.dtype != torch.uint8:
        raise TypeError(f"codes has dtype {codes.dtype}, should be torch.uint8")
    if codes.numel() and codes.device.type != "meta" and int(codes.max()) > 15:
        raise ValueError(f"codes has the value {int(codes.max())}, should be 0 to 15")
    flat = F.pad(codes.reshape(-1), (0, codes.numel() % 2))  # (n or n + 1,)
    return flat[::2] << 4 | flat[1::2]  # (ceil(n / 2),)


def unpack_nf4(packed: Tensor, shape: torch.Size | tuple[int, ...]) -> Tensor:
    """The codes of `pack_nf4`, in the shape that they had. Raises ValueError where the bytes are too few or many."""
    shape = torch.Size(shape)
    if packed.numel() != (shape.numel() + 1) // 2:
        raise ValueError(
            f"packed has {packed.numel()} bytes, should have {(shape.numel() + 1) // 2} for shape {tuple(shape)}"
        )
    flat = packed.reshape(-1)
    pairs = torch.stack([flat >> 4, flat & 15], dim=1)  # (ceil(n / 2), 2)
    return unblocked(pairs, shape)


class DoubleQuantized(NamedTuple):
    """Scales in 8 bits: scale = MAP[code] * scale_b + mean."""

    codes: Tensor  # (n,) uint8
    scales: Tensor  # (n_blocks,) float32
    mean: Tensor  # () float32


def double_quantize(scales: Tensor, block_size: int = 256) -> DoubleQuantized:
    """Quantize an NF4 tensor's scales again, to 8 bits each.

        m = mean(scales)            c = scales - m            s_b = max |c| over block b
        code = the entry of MAP nearest to c / s_b

    scales: float32, (n,). Source: QLoRA, arXiv 2305.14314, section 3, "Double Quantization"; the map and the
    offset m are bitsandbytes' (`compress_statistics=True`). Raises ValueError for scales that are not 1-D and for
    block_size < 1.
    """
    if scales.dim() != 1:
        raise ValueError(f"scales has shape {tuple(scales.shape)}, should be 1-D")
    mean = scales.mean() if scales.numel() else scales.new_zeros(())
    c = blocks(scales - mean, block_size)  # (n_blocks, block)
    s = c.abs().amax(dim=1)  # (n_blocks,)
    y = c / torch.where(s > 0, s, 1)[:, None]  # (n_blocks, block), within [-1, 1]
    entries = dynamic_map().to(y.device)  # (256,)
    codes = torch.bucketize(y, (entries[1:] + entries[:-1]) / 2, out_int32=True)
    return DoubleQuantized(unblocked(codes.to(torch.uint8), scales.shape), s, mean)


def double_dequantize(quantized: DoubleQuantized, block_size: int = 256) -> Tensor:
    """The scales again, float32, (n,): MAP[code] * s_b + m."""
    i = blocks(quantized.codes.int(), block_size)  # (n_blocks, block)
    y = dynamic_map().to(i.device)[i.long()] * quantized.scales[:, None]  # (n_blocks, block)
    return unblocked(y, quantized.codes.shape) + quantized.mean


def dynamic_map() -> Tensor:
    """MAP, (256,): signed numbers of 8 bits whose precision is highest around 0, ascending.

    For i = 0..6 the middles of 2^i equal intervals of [0.1, 1], times 10^(i - 6), with either sign; besides 0 and 1.
    Source: Dettmers 2016, arXiv 1511.04561, section 2.2 (dynamic trees); float32 as in bitsandbytes.
    """
    positive = []
    for i in range(7):
        edges = torch.linspace(0.1, 1, 2**i + 1)  # (2^i + 1,)
        positive.append(10.0 ** (i - 6) * (edges[:-1] + edges[1:]) / 2)
    values = torch.cat(positive)  # (127,)
    return torch.cat([-values, values, torch.tensor([0.0, 1.0])]).sort().values
