"""Plain Python, no tensor tricks: I wanted to see every step."""

from bisect import bisect_left
from itertools import pairwise

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
LEVELS = NF4_LEVELS.tolist()
BORDERS = [(low + high) / 2 for low, high in pairwise(LEVELS)]


def quantize_nf4(tensor, block_size=64):
    numbers = tensor.to(torch.float32).reshape(-1).tolist()
    codes, scales = [], []
    for start in range(0, len(numbers), block_size):
        block = numbers[start:start + block_size]
        scale = max(map(abs, block))
        scales.append(scale)
        for number in block:
            codes.append(bisect_left(BORDERS, number / scale) if scale > 0 else 7)
    return (
        torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape),
        torch.tensor(scales, dtype=torch.float32),
    )


def dequantize_nf4(codes, scales, block_size=64):
    scale = scales.tolist()
    numbers = [LEVELS[code] * scale[i // block_size] for i, code in enumerate(codes.reshape(-1).tolist())]
    return torch.tensor(numbers, dtype=torch.float32).reshape(codes.shape)
