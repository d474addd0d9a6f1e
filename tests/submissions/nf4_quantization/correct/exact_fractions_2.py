# style: exact rational arithmetic for every comparison, no floats between input and code
from fractions import Fraction

import torch

LEVELS = [Fraction(v) for v in (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0)]
TWICE_MIDDLE = [a + b for a, b in zip(LEVELS, LEVELS[1:])]
_P = [(q.numerator, q.denominator) for q in TWICE_MIDDLE]


def _code(value, top):
    """value, top: integer ratios; counts the middles m with value/top > m, without dividing."""
    (vn, vd), (tn, td) = value, top
    left, right = 2 * vn * td, vd * tn
    lo, hi = 0, 15
    while lo < hi:
        mid = (lo + hi) // 2
        if left * _P[mid][1] > _P[mid][0] * right:
            lo = mid + 1
        else:
            hi = mid
    return lo


def quantize_nf4(tensor, block_size=64):
    values = tensor.reshape(-1).tolist()
    codes, scales = [], []
    for start in range(0, len(values), block_size):
        block = values[start:start + block_size]
        top = max(abs(v) for v in block)
        scales.append(top)
        if top == 0:
            codes += [7] * len(block)
        else:
            ratio = top.as_integer_ratio()
            codes += [_code(v.as_integer_ratio(), ratio) for v in block]
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    factors = [Fraction(s) for s in scales.tolist()]
    exact = [LEVELS[c] * factors[i // block_size] for i, c in enumerate(codes.reshape(-1).tolist())]
    return torch.tensor([float(q) for q in exact], dtype=torch.float32).reshape(codes.shape)
