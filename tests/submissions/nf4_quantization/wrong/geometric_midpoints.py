# mistake: unnamed
# Neighbouring levels are divided at their geometric mean (nearest in ratio), so values between arithmetic and geometric middle get the wrong code.
import math

import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def _middle(a, b):
    a, b = float(a), float(b)
    if a * b == 0:
        return (a + b) / 2
    return math.copysign(math.sqrt(a * b), a)


MIDDLES = np.array([_middle(a, b) for a, b in zip(NF4_LEVELS[:-1], NF4_LEVELS[1:])], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().reshape(-1)
    scales = np.zeros(-(-flat.size // block_size), dtype=np.float32)
    ids = np.arange(flat.size) // block_size
    np.maximum.at(scales, ids, np.abs(flat))
    unit = flat / np.where(scales > 0, scales, np.float32(1))[ids]
    codes = np.searchsorted(MIDDLES, unit).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    s = scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[flat] * s).reshape(codes.shape)
