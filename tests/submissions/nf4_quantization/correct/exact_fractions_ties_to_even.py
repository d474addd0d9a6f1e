# unusual: exact rational arithmetic (fractions.Fraction), ties to the even code; right: no rounding at all, the scale is the exact maximum, either neighbour is right on a tie
from bisect import bisect_left
from fractions import Fraction

import torch

LEVELS = [Fraction(v) for v in (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0)]
MIDDLES = [(a + b) / 2 for a, b in zip(LEVELS[:-1], LEVELS[1:])]


def nearest(value: float, thresholds: "list[Fraction]") -> int:
    k = bisect_left(thresholds, value)
    tie = k < 15 and thresholds[k] == value
    return k + 1 if tie and k % 2 == 1 else k


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    values = tensor.detach().reshape(-1).tolist()          # exact: a double holds every half, bfloat16, float
    codes: "list[int]" = []
    scales: "list[float]" = []
    for start in range(0, len(values), block_size):
        block = values[start:start + block_size]
        scale = max(abs(v) for v in block)
        scales.append(scale)
        if scale == 0:
            codes.extend([7] * len(block))
        else:
            thresholds = [m * Fraction(scale) for m in MIDDLES]
            codes.extend(nearest(v, thresholds) for v in block)
    return (torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape),
            torch.tensor(scales, dtype=torch.float32))


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    exact_scales = [Fraction(s) for s in scales.tolist()]
    values = [float(LEVELS[c] * exact_scales[i // block_size]) for i, c in enumerate(codes.reshape(-1).tolist())]
    return torch.tensor(values, dtype=torch.float32).reshape(codes.shape)
