# mistake: std-scale
# The scale is three times the root mean square of the block, so the largest value is not reached and scales and codes are wrong.
import math

import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)
_EDGES = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().to(torch.float32).numpy().reshape(-1)
    codes = np.full(x.shape, 7, dtype=np.uint8)
    scales = []
    for start in range(0, len(x), block_size):
        part = x[start:start + block_size]
        # weights are normal, so three sigma cover practically all of them
        sigma3 = 3.0 * math.sqrt(float(np.mean(part.astype(np.float64) ** 2)))
        scales.append(sigma3)
        if sigma3 > 0:
            codes[start:start + block_size] = np.digitize(np.clip(part / sigma3, -1, 1), _EDGES)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    rep = scales.numpy()[np.arange(len(flat)) // block_size]
    return torch.from_numpy(NF4_LEVELS[flat] * rep).reshape(codes.shape)
