"""NF4, the 4-bit numbers of QLoRA (Dettmers et al. 2023, arXiv 2305.14314)."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["NF4_LEVELS", "dequantize_nf4", "quantize_nf4"]

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


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    """The 4-bit codes of a tensor and the scale of each of its blocks.

        scale_b = max |x| over block b                     codes = nearest level to x / scale_b

    The tensor (any floating dtype, any shape, contiguous or not) is read in row-major order in blocks of
    `block_size`; the last may be shorter. codes: uint8, the tensor's shape, 0 to 15; scales: float32, one per
    block. A block of zeros has scale 0 and codes 7; halfway between two levels the lower one is taken.
    Source: QLoRA, arXiv 2305.14314, section 3 and Appendix E. Nothing here is packed or double-quantized.

    Raises TypeError for a tensor that is not floating, ValueError for block_size < 1.
    """
    if not tensor.is_floating_point():
        raise TypeError(f"tensor has dtype {tensor.dtype}, should be a floating one")
    wide = torch.promote_types(
        tensor.dtype, torch.float32
    )  # float64 stays; half precision is exact in float32
    x = blocks(tensor.detach().to(wide), block_size)  # (n_blocks, block)
    scales = x.abs().amax(dim=1).float()  # (n_blocks,)

    divisors = torch.where(scales > 0, scales, torch.ones_like(scales))  # 0 / 1 = 0 has code 7
    y = x / divisors[:, None]  # (n_blocks, block), within [-1, 1]
    levels = NF4_LEVELS.to(y)  # (16,)
    middles = (levels[1:] + levels[:-1]) / 2  # (15,)
    codes = torch.bucketize(y, middles, out_int32=True)  # how many middles lie below y
    return unblocked(codes.to(torch.uint8), tensor.shape), scales


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    """The values of codes from `quantize_nf4`: x = level[code] * scale_b, float32, of the codes' shape.

    Raises ValueError for block_size < 1 and where the number of scales does not fit the codes.
    """
    i = blocks(codes.int(), block_size)  # (n_blocks, block)
    if scales.shape != i.shape[:1]:
        raise ValueError(
            f"scales has shape {tuple(scales.shape)}, should be ({len(i)},): "
            f"{codes.numel()} codes in blocks of {block_size}"
        )
    levels = NF4_LEVELS.to(codes.device)  # (16,)
    x = levels.index_select(0, i.flatten()).view(i.shape)  # (n_blocks, block)
    return unblocked(x.mul_(scales.float()[:, None]), codes.shape)


def blocks(tensor: Tensor, block_size: int) -> Tensor:
    """(n_blocks, block): the tensor in row-major order, the last block filled up with zeros."""
    if block_size < 1:
        raise ValueError(f"block_size = {block_size}, should be at least 1")
    flat = tensor.reshape(-1)  # (n,)
    block = min(block_size, max(len(flat), 1))
    return F.pad(flat, (0, -len(flat) % block)).view(-1, block)


def unblocked(x: Tensor, shape: torch.Size) -> Tensor:
    """What `blocks` made, in the shape it had."""
    return x.flatten()[: shape.numel()].reshape(shape)
