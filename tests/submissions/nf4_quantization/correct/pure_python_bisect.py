# plain Python lists and bisect, torch only at the edges
from bisect import bisect_left
from itertools import islice

import torch

NF4_LEVELS = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)
CUTS = [(a + b) / 2 for a, b in zip(NF4_LEVELS, NF4_LEVELS[1:])]


def _batched(values, size):
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def quantize_nf4(tensor, block_size=64):
    codes, scales = [], []
    for block in _batched(tensor.flatten().tolist(), block_size):
        scale = max(map(abs, block))
        scales.append(scale)
        if scale:
            codes.extend(bisect_left(CUTS, v / scale) for v in block)
        else:
            codes.extend([7] * len(block))
    return (
        torch.tensor(codes, dtype=torch.uint8).reshape(tensor.size()),
        torch.tensor(scales, dtype=torch.float32),
    )


def dequantize_nf4(codes, scales, block_size=64):
    scale_list = scales.tolist()
    values = [NF4_LEVELS[c] * scale_list[i // block_size] for i, c in enumerate(codes.flatten().tolist())]
    return torch.tensor(values, dtype=torch.float32).reshape(codes.size())
