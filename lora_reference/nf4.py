"""NF4: four-bit NormalFloat, block by block (Dettmers et al. 2023, QLoRA, arXiv 2305.14314, appendix E)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["NF4_LEVELS", "dequantize_nf4", "quantize_nf4"]

NF4_LEVELS = torch.tensor(
    [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
        -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
        0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
        0.7229568362236023, 1.0,
    ],
    dtype=torch.float32,
)  # fmt: skip
"""The 16 levels, ascending, float32 of shape (16,). Level 7 is 0."""

MIDPOINTS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2  # (15,)


def _in_blocks(flat: Tensor, block_size: int) -> Tensor:
    """The values in rows of `block_size`, the last one filled up with zeros."""  # (n_blocks, block_size)
    missing = -flat.numel() % block_size
    return torch.nn.functional.pad(flat, (0, missing)).view(-1, block_size)


def _check(block_size: int) -> None:
    if block_size < 1:
        raise ValueError(f"block_size is {block_size}, should be at least 1")


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    """Codes and scales of a floating-point tensor of any shape, read in row-major order.

        scale_b = max |x| over block b
        code_i  = index of the level nearest to x_i / scale_b, the lower one of a tie

    Returns codes, uint8, of the tensor's shape, and scales, float32, one a block, (n_blocks,); the last block may
    be shorter. A block of zeros has scale 0 and codes 7 (level 0). Raises ValueError for a block size below 1,
    TypeError for a tensor that is not of a floating dtype. Source: QLoRA, section 3 and appendix E.
    """
    _check(block_size)
    if not tensor.is_floating_point():
        raise TypeError(f"quantize_nf4 takes floating-point tensors, not {tensor.dtype}")
    x = _in_blocks(tensor.detach().reshape(-1).to(torch.float32), block_size)  # (n_blocks, block_size)
    scales = x.abs().amax(dim=1) if x.numel() else x.new_zeros(0)  # (n_blocks,)
    divisor = torch.where(scales > 0, scales, torch.ones_like(scales))  # (n_blocks,)
    codes = torch.bucketize(x / divisor[:, None], MIDPOINTS.to(x.device))  # (n_blocks, block_size)
    return codes.view(-1)[: tensor.numel()].to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    """Each code's level times the scale of its block, float32, in the shape of `codes`.

    `codes`: uint8 of any shape; `scales`: (n_blocks,). Raises ValueError for a block size below 1 or scales that do
    not fit the codes. Source: QLoRA, section 3.
    """
    _check(block_size)
    n_blocks = -(-codes.numel() // block_size)
    if scales.shape != (n_blocks,):
        raise ValueError(
            f"scales has shape {tuple(scales.shape)}, should be ({n_blocks},) for {codes.numel()} codes"
        )
    levels = NF4_LEVELS.to(codes.device)[codes.reshape(-1).long()]  # (n,)
    values = _in_blocks(levels, block_size) * scales.to(torch.float32)[:, None]  # (n_blocks, block_size)
    return values.view(-1)[: codes.numel()].view(codes.shape)
