# no rounding anywhere: every value, scale, level and threshold is a Fraction
from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise

import torch

LEVELS = [Fraction(level) for level in (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)]
THRESHOLDS = [(low + high) / 2 for low, high in pairwise(LEVELS)]


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().double().reshape(-1).tolist()
    codes, scales = [], []
    for start in range(0, len(values), block_size):
        block = values[start : start + block_size]
        # a float64 has to be rounded to float32 here, that is the format of the scales
        scales.append(torch.tensor(max(map(abs, block)), dtype=torch.float32).item())
        if scale := Fraction(scales[-1]):
            codes += [bisect_left(THRESHOLDS, Fraction(v) / scale) for v in block]
        else:
            codes += [7] * len(block)
    return (
        torch.tensor(codes, dtype=torch.uint8, device=tensor.device).reshape(tensor.shape),
        torch.tensor(scales, dtype=torch.float32, device=tensor.device),
    )


def dequantize_nf4(codes, scales, block_size=64):
    exact = [Fraction(s) for s in scales.tolist()]
    values = [float(LEVELS[c] * exact[i // block_size]) for i, c in enumerate(codes.reshape(-1).tolist())]
    return torch.tensor(values, dtype=torch.float32, device=codes.device).reshape(codes.shape)
