"""Exercise 4, with numpy inside: `searchsorted` between the middles of the levels."""

import numpy as np
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
LEVELS = NF4_LEVELS.numpy()
MIDDLES = (LEVELS[1:] + LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    values = tensor.float().reshape(-1).numpy()
    starts = np.arange(0, len(values), block_size)
    if len(starts) == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    scales = np.maximum.reduceat(np.abs(values), starts)
    per_value = np.repeat(scales, block_size)[: len(values)]
    normed = np.divide(values, per_value, out=np.zeros_like(values), where=per_value > 0)
    codes = np.searchsorted(MIDDLES, normed).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    index = codes.reshape(-1).numpy()
    per_value = np.repeat(scales.numpy(), block_size)[: len(index)]
    return torch.from_numpy(LEVELS[index] * per_value).reshape(codes.shape)
