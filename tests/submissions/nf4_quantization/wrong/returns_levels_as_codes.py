# mistake: returns-values-not-codes
# quantize returns the nearest levels themselves (floats) in place of their indices, and dequantize multiplies what it gets by the scale.
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
    block = torch.arange(n) // block_size
    scales = torch.zeros(-(-n // block_size)).scatter_reduce_(0, block, flat.abs(), "amax")
    s = scales[block]
    x = torch.where(s == 0, 0.0, flat / torch.where(s == 0, 1.0, s))
    nearest = NF4_LEVELS[(x[:, None] - NF4_LEVELS).abs().argmin(1)]
    return nearest.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    block = torch.arange(codes.numel()) // block_size
    return codes.float() * scales[block].reshape(codes.shape)
