# mistake: unnamed
# The block number of each value is (arange * (1 / block_size)).long() in float32, one too small at the start of blocks for sizes such as 41, 47, 55.
# style: index arithmetic, scatter
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def block_of(n, block_size):
    return (torch.arange(n, dtype=torch.float32) * (1.0 / block_size)).long()


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    block = block_of(n, block_size)
    scales = torch.zeros((n + block_size - 1) // block_size).scatter_reduce_(0, block, flat.abs(), "amax")
    each = scales[block]
    normed = flat / torch.where(each > 0, each, torch.ones_like(each))
    return torch.bucketize(normed, MIDS).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    return (NF4_LEVELS[codes.reshape(-1).long()] * scales[block_of(codes.numel(), block_size)]).reshape(codes.shape)
