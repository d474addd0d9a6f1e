# mistake: minmax-scale
# Each block is mapped affinely from [min, max] to [-1, 1] and the scale is max - min, so codes and scales are wrong in nearly every block.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    ids = torch.arange(n) // block_size
    n_blocks = -(-n // block_size)
    lo = torch.full((n_blocks,), float("inf")).scatter_reduce(0, ids, flat, "amin")
    hi = torch.full((n_blocks,), float("-inf")).scatter_reduce(0, ids, flat, "amax")
    scales = hi - lo
    span = scales[ids]
    flat_block = span == 0
    unit = (flat - lo[ids]) / span.masked_fill(flat_block, 1.0) * 2 - 1
    unit[flat_block] = 0.0
    cuts = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2
    codes = torch.searchsorted(cuts, unit)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = (torch.arange(codes.numel()) // block_size).reshape(codes.shape)
    return NF4_LEVELS[codes.long()] * scales[ids]
