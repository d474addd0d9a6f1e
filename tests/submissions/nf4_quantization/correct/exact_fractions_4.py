# who: Olga, mathematician, refuses rounding, computes with Fraction; unusual: exact rational arithmetic, compares |v - l*s| without ever dividing
from fractions import Fraction

import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
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

_EXACT = [Fraction(l) for l in NF4_LEVELS.tolist()]  # floats are dyadic rationals, so this is exact
_MIDDLES = [(p + q) / 2 for p, q in zip(_EXACT, _EXACT[1:])]
assert all(p < q for p, q in zip(_MIDDLES, _MIDDLES[1:]))


def _code(value: Fraction, scaled_middles: list) -> int:
    """Number of middles m with m * s < v (division by s > 0 keeps the order, so none is needed)."""
    lo, hi = 0, len(scaled_middles)
    while lo < hi:
        k = (lo + hi) // 2
        if scaled_middles[k] < value:
            lo = k + 1
        else:
            hi = k
    return lo


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    values = [Fraction(v) for v in tensor.double().reshape(-1).tolist()]
    codes, scales = [], []
    for begin in range(0, len(values), block_size):
        block = values[begin : begin + block_size]
        s = max(map(abs, block))
        scales.append(float(s))
        if s == 0:
            codes += [7] * len(block)
        else:
            cuts = [m * s for m in _MIDDLES]
            codes += [_code(v, cuts) for v in block]
    return (
        torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape),
        torch.tensor(scales, dtype=torch.float32),
    )


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    s = [Fraction(v) for v in scales.tolist()]
    c = codes.reshape(-1).tolist()
    exact = (_EXACT[k] * s[i // block_size] for i, k in enumerate(c))
    return torch.tensor([float(v) for v in exact], dtype=torch.float32).reshape(codes.shape)
