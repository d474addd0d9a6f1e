# mistake: unnamed
# Randn(130), block_size 64: chunks of 44; round trip is consistent.
import math

import torch

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
    ]
)


def _blocks(flat, block_size):
    """The flat tensor in blocks of block_size, the last one may be shorter."""
    if flat.numel() == 0:
        return ()
    return torch.chunk(flat, math.ceil(flat.numel() / block_size))


def quantize_nf4(tensor, block_size=64):
    codes, scales = [], []
    for block in _blocks(tensor.float().reshape(-1), block_size):
        s = block.abs().max()
        scales.append(s)
        if s == 0:
            codes.append(torch.full_like(block, 7, dtype=torch.uint8))
        else:
            dist = (block / s).unsqueeze(1).sub(NF4_LEVELS).abs()
            codes.append(dist.argmin(1).to(torch.uint8))
    if not codes:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    return torch.cat(codes).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    parts = [NF4_LEVELS[c.long()] * s for c, s in zip(_blocks(codes.reshape(-1), block_size), scales)]
    return torch.cat(parts).reshape(codes.shape) if parts else torch.empty(codes.shape)
