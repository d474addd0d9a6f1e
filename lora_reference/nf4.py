"""NF4, the 4-bit numbers of QLoRA (Dettmers et al. 2023, arXiv 2305.14314)."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["NF4_LEVELS", "bits_per_weight", "dequantize_nf4", "quantize_nf4"]

# Appendix E of the paper; the values that bitsandbytes has, float32 bit for bit.
NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ],
    dtype=torch.float32,
)  # (16,)

AT_ONCE = 1 << 17  # values that are worked on together: they stay in the processor's cache

# Two codes side by side, read as one number of 16 bits -> their two levels, as the bits of one float64.
_CODES = np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2) % 16  # (65536, 2)
PAIRS = NF4_LEVELS.numpy()[_CODES].view(np.float64).ravel()  # (65536,)


def quantize_nf4(
    tensor: Tensor, block_size: int = 64, *, out: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """The 4-bit codes of a tensor and the scale of each of its blocks.

        scale_b = max |x| over block b                     codes = nearest level to x / scale_b

    The tensor (any floating dtype, any shape, contiguous or not) is read in row-major order in blocks of
    `block_size`; the last may be shorter. codes: uint8, the tensor's shape, 0 to 15; scales: float32, one per
    block; both on the tensor's device, and written into the two tensors of `out` where it is given. A block of
    zeros has scale 0 and codes 7. x is multiplied by 1 / scale_b, as in bitsandbytes (and divided where that is
    infinite), so within rounding of the middle of two levels either may come.
    Source: QLoRA, arXiv 2305.14314, section 3 and Appendix E. Nothing here is packed or double-quantized.

    Raises TypeError for a tensor that is not floating, ValueError for block_size < 1 and for an `out` of
    another shape, dtype or device.

    >>> codes, scales = quantize_nf4(torch.tensor([0.0, 2.0, -1.0, 0.0]), block_size=2)
    >>> codes.tolist(), scales.tolist()
    ([7, 15, 0, 7], [2.0, 1.0])
    """
    if not tensor.is_floating_point():
        raise TypeError(f"tensor has dtype {tensor.dtype}, should be a floating one")
    wide = torch.promote_types(
        tensor.dtype, torch.float32
    )  # float64 stays; half precision is exact in float32
    x = blocks(tensor.detach().to(wide), block_size)  # (n_blocks, block)
    codes = torch.empty(x.shape, dtype=torch.uint8, device=x.device)  # (n_blocks, block)
    scales = torch.empty(len(x), device=x.device)  # (n_blocks,)
    if out is not None:
        check_out("out[0]", out[0], tensor.shape, codes)
        check_out("out[1]", out[1], scales.shape, scales)
        scales = out[1]
        if x.numel() == tensor.numel() and out[0].is_contiguous():
            codes = out[0].view(x.shape)

    middles = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]).to(x) / 2  # (15,)
    for x_b, codes_b, scales_b in in_parts(x, codes, scales):
        y = x_b.abs()  # (part, block)
        scales_b.copy_(y.amax(dim=1))
        divisors = torch.where(scales_b > 0, scales_b, 1).to(y)  # 0 / 1 = 0 has code 7
        inverse = divisors.reciprocal()
        torch.mul(x_b, inverse[:, None], out=y)  # within [-1, 1]
        if y.device.type != "meta" and bool(inverse.isinf().any()):
            torch.div(x_b, divisors[:, None], out=y)
        count_below(middles, y, out=codes_b)

    cut = unblocked(codes, tensor.shape)
    return (cut if out is None else out[0].copy_(cut)), scales


def count_below(middles: Tensor, y: Tensor, out: Tensor) -> None:
    """out = how many of `middles` lie below each y: its code. Fifteen passes of NumPy beat a search on a CPU."""
    if y.device.type != "cpu":
        out.copy_(torch.bucketize(y, middles, out_int32=True))
        return
    values, count = y.numpy(), out.numpy()
    above = np.empty(values.shape, dtype=bool)
    count[...] = 0
    for middle in middles.numpy():
        np.greater(values, middle, out=above)
        np.add(count, above.view(np.uint8), out=count)


def dequantize_nf4(
    codes: Tensor, scales: Tensor, block_size: int = 64, *, out: Tensor | None = None
) -> Tensor:
    """The values of codes from `quantize_nf4`: x = level[code] * scale_b, float32, of the codes' shape.

    `out`, a float32 tensor of the codes' shape, gets the values where it is given. Raises ValueError for
    block_size < 1, for another `out`, and where the number of scales does not fit the codes.
    """
    i = blocks(codes, block_size)  # (n_blocks, block)
    if scales.shape != i.shape[:1]:
        raise ValueError(
            f"scales has shape {tuple(scales.shape)}, should be ({len(i)},): "
            f"{codes.numel()} codes in blocks of {block_size}"
        )
    x = torch.empty(i.shape, device=i.device)  # (n_blocks, block)
    if out is not None:
        check_out("out", out, codes.shape, x)
        if i.numel() == codes.numel() and out.is_contiguous():
            x = out.view(i.shape)

    for x_b, i_b, scales_b in in_parts(x, i, scales):
        look_up(i_b, out=x_b)
        x_b.mul_(scales_b.float()[:, None])

    cut = unblocked(x, codes.shape)
    return cut if out is None else out.copy_(cut)


def look_up(codes: Tensor, out: Tensor) -> None:
    """out = the level of each code. On a CPU two codes are looked up at a time where they come in pairs."""
    if codes.device.type == "cpu" and codes.dtype == torch.uint8 and codes.shape[1] % 2 == 0:
        places = codes.numpy().view(np.uint16).astype(np.intp)  # (part, block / 2)
        np.take(PAIRS, places, out=out.numpy().view(np.float64), mode="clip")
    else:
        out.copy_(NF4_LEVELS.to(out.device)[codes.long()])


def bits_per_weight(block_size: int = 64, *, double_quantized: bool = False, scale_block: int = 256) -> float:
    """Bits that a weight takes: 4 for its code, and its share of the scales.

    32 / block_size for float32 scales; 8 / block_size + 32 / (block_size * scale_block) when they are quantized
    again (QLoRA, arXiv 2305.14314, section 3, "Double Quantization": 4.5 and 4.127 bits).
    """
    if double_quantized:
        return 4 + 8 / block_size + 32 / (block_size * scale_block)
    return 4 + 32 / block_size


def in_parts(x: Tensor, *others: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Row by row of blocks, `AT_ONCE` values of x together; on a GPU all of them."""
    rows = max(1, AT_ONCE // x.shape[1]) if x.device.type == "cpu" else max(1, len(x))
    for start in range(0, len(x), rows):
        yield tuple(tensor[start : start + rows] for tensor in (x, *others))


def check_out(name: str, out: Tensor, shape: torch.Size, like: Tensor) -> None:
    if (out.shape, out.dtype, out.device) != (shape, like.dtype, like.device):
        raise ValueError(
            f"{name} is {out.dtype} of shape {tuple(out.shape)} on {out.device}, "
            f"should be {like.dtype} of shape {tuple(shape)} on {like.device}"
        )


def blocks(tensor: Tensor, block_size: int) -> Tensor:
    """(n_blocks, block): the tensor in row-major order, the last block filled up with zeros."""
    if block_size < 1:
        raise ValueError(f"block_size = {block_size}, should be at least 1")
    flat = tensor.reshape(-1)  # (n,)
    block = min(block_size, max(len(flat), 1))
    missing = -len(flat) % block
    return (F.pad(flat, (0, missing)) if missing else flat).view(-1, block)


def unblocked(x: Tensor, shape: torch.Size) -> Tensor:
    """What `blocks` made, in the shape it had."""
    return x.flatten()[: shape.numel()].reshape(shape)
