# style: lists and bisect, no tensor arithmetic; a helper that yields blocks; recursion-free generators
from bisect import bisect_left
from itertools import islice

import torch

LEVELS = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
MIDDLES = [(a + b) / 2 for a, b in zip(LEVELS, LEVELS[1:])]


def blocks_of(values, size):
    it = iter(values)
    while block := list(islice(it, size)):
        yield block


def quantize_nf4(tensor, block_size=64):
    codes, scales = bytearray(), []
    for block in blocks_of(tensor.reshape(-1).tolist(), block_size):
        scale = max(map(abs, block))
        scales.append(scale)
        codes.extend(bisect_left(MIDDLES, v / scale) if scale else 7 for v in block)
    return torch.tensor(list(codes), dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    scale_list = scales.tolist()
    flat = codes.reshape(-1).tolist()
    values = [LEVELS[c] * scale_list[i // block_size] for i, c in enumerate(flat)]
    return torch.tensor(values, dtype=torch.float32).reshape(codes.shape)
