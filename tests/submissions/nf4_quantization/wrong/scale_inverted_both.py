# mistake: scale-inverted
# The scales are 1 / absmax and dequantize divides by them: consistent with itself, but neither scales nor values are the contract's.
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
    absmax = torch.zeros(-(-n // block_size)).scatter_reduce_(0, ids, flat.abs(), "amax")
    scales = torch.where(absmax > 0, 1.0 / torch.where(absmax > 0, absmax, 1.0), 0.0)
    codes = (flat.mul(scales[ids])[:, None] - NF4_LEVELS).abs().argmin(1)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    s = scales[ids].reshape(codes.shape)
    values = NF4_LEVELS[codes.long()]
    return torch.where(s > 0, values / torch.where(s > 0, s, 1.0), 0.0)
