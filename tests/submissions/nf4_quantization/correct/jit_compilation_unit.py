# TorchScript compiled from a string
import warnings

import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])

SOURCE = """
def encode(x: Tensor, levels: Tensor, block_size: int):
    n = x.numel()
    pad = (block_size - n % block_size) % block_size
    blocks = torch.cat([x, torch.zeros([pad])]).view(-1, block_size)
    scales = blocks.abs().amax(1)
    safe = torch.where(scales > 0, scales, torch.ones_like(scales))
    middles = (levels[1:] + levels[:-1]) * 0.5
    codes = torch.bucketize(blocks / safe.unsqueeze(1), middles)
    return codes.view(-1)[:n].to(torch.uint8), scales

def decode(codes: Tensor, scales: Tensor, levels: Tensor, block_size: int):
    where = torch.arange(codes.numel()).floor_divide(block_size)
    return levels.index_select(0, codes.long()) * scales.index_select(0, where)
"""

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _unit = torch.jit.CompilationUnit(SOURCE)


def quantize_nf4(tensor, block_size=64):
    codes, scales = _unit.encode(tensor.to(torch.float).flatten(), NF4_LEVELS, block_size)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    return _unit.decode(codes.flatten(), scales, NF4_LEVELS, block_size).reshape(codes.shape)
