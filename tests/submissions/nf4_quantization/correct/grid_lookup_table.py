# a lookup table over a fine grid gives a first guess, the two neighbours are then compared exactly
from functools import cache

import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
GRID = 1024


@cache
def _table():
    centres = torch.linspace(-1, 1, GRID + 1)
    return (centres[:, None] - NF4_LEVELS).abs().argmin(1)


def _nearest(x):
    guess = _table()[((x.clamp(-1, 1) + 1) * (GRID / 2)).round().long()]
    candidates = torch.stack([(guess - 1).clamp(min=0), guess, (guess + 1).clamp(max=15)])
    distances = (NF4_LEVELS[candidates] - x).abs()
    return candidates.gather(0, distances.argmin(0, keepdim=True)).squeeze(0)


def quantize_nf4(tensor, block_size=64):
    x = tensor.reshape(-1).type(torch.float32)
    n = x.numel()
    blocks = torch.nn.functional.pad(x, [0, -n % block_size]).reshape(-1, block_size)
    scales = torch.linalg.vector_norm(blocks, ord=float("inf"), dim=1)
    codes = _nearest(blocks / scales.where(scales != 0, torch.tensor(1.0))[:, None])
    return codes.reshape(-1)[:n].reshape(tensor.shape).type(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    # level times scale for all (block, level) pairs first, then one gather
    products = torch.outer(scales, NF4_LEVELS).flatten()
    block = torch.arange(codes.numel()).floor_divide(block_size)
    return products[block * 16 + codes.flatten().long()].view(codes.shape)
