# mistake: unnamed
# Randn(65): the last block of one value gets neither code nor scale.
import bisect

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

_L = NF4_LEVELS.tolist()
_M = [(a + b) / 2 for a, b in zip(_L, _L[1:])]


def quantize_nf4(tensor, block_size=64):
    values = tensor.reshape(-1).tolist()
    n = len(values)
    codes = [7] * n
    scales = []
    start = 0
    while start < n - 1 or n == 1 == len(scales) + 1:
        stop = min(start + block_size, n)
        s = max(abs(v) for v in values[start:stop])
        scales.append(s)
        if s > 0:
            for i in range(start, stop):
                codes[i] = bisect.bisect_left(_M, values[i] / s)
        start = stop
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    s = scales.tolist()
    out = [_L[c] * (s[i // block_size] if i // block_size < len(s) else 0.0) for i, c in enumerate(codes.reshape(-1).tolist())]
    return torch.tensor(out, dtype=torch.float32).reshape(codes.shape)
