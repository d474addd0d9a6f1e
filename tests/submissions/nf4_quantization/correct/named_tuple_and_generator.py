# quantize_nf4 returns a namedtuple; dequantize_nf4 joins what a generator yields block by block
from collections import namedtuple

import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
Quantized = namedtuple("Quantized", "codes scales")


def _blocks(flat, block_size):
    return flat.split(block_size) if flat.numel() else ()


def quantize_nf4(tensor, block_size=64):
    codes, scales = [torch.zeros(0, dtype=torch.long)], []
    for block in _blocks(tensor.float().flatten(), block_size):
        scale = block.abs().amax()
        unit = block / scale if scale else block
        codes.append(torch.cdist(unit[:, None], NF4_LEVELS[:, None]).argmin(1))
        scales.append(scale)
    return Quantized(torch.cat(codes).view(tensor.shape).byte(), torch.stack(scales) if scales else torch.zeros(0))


def dequantize_nf4(codes, scales, block_size=64):
    def values():
        for block, scale in zip(_blocks(codes.flatten(), block_size), scales):
            yield NF4_LEVELS.take(block.long()) * scale

    return torch.cat([torch.zeros(0), *values()]).view(codes.shape)
