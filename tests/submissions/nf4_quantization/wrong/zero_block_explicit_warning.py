# mistake: unnamed
# A zero block is handled rightly but announced with warnings.warn, where the contract wants no warning.
import warnings

import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def _safe_scale(block):
    scale = block.abs().max()
    if scale == 0:
        warnings.warn("block of zeros, scale is 0", stacklevel=3)
    return scale


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    if flat.numel() == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    blocks = flat.split(block_size)
    scales = [_safe_scale(b) for b in blocks]
    codes = [((b / s if s > 0 else b)[:, None] - NF4_LEVELS).abs().argmin(1) for b, s in zip(blocks, scales)]
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
