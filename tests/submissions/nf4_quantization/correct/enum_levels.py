# the levels are members of an Enum, and Tensor.apply_ and Tensor.map_ call a Python function for each value
from enum import Enum

import torch

NF4 = Enum("NF4", {f"L{i:X}": level for i, level in enumerate((
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
))})
MEMBERS = [(member.value, code) for code, member in enumerate(NF4)]
DECODE = [member.value for member in NF4]


def nearest(u: float) -> int:
    return min(MEMBERS, key=lambda m: abs(m[0] - u))[1]


def spread(scales, n, block_size):
    """The scale of each of the n values, in float64."""
    return scales.detach().cpu().double()[torch.arange(n) // block_size]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().cpu().reshape(-1)
    largest = [block.abs().max().item() for block in flat.split(block_size) if len(block)]
    scales = torch.tensor(largest, dtype=torch.float32)
    u = flat.to(torch.float64, copy=True)
    u.map_(spread(scales, len(u), block_size), lambda v, s: v / s if s else 0.0)
    u.apply_(nearest)
    return u.to(tensor.device, torch.uint8).reshape(tensor.shape), scales.to(tensor.device)


def dequantize_nf4(codes, scales, block_size=64):
    values = codes.cpu().reshape(-1).to(torch.float64)
    values.map_(spread(scales, len(values), block_size), lambda c, s: DECODE[int(c)] * s)
    return values.to(codes.device, torch.float32).reshape(codes.shape)
