# mistake: low-precision-scale
# The scales are float32 in dtype but rounded to bfloat16 on the way, so they are off in the third digit.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]
_levels = torch.tensor(NF4_LEVELS)
_mids = (_levels[1:] + _levels[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().float().reshape(-1)
    n = x.numel()
    ids = torch.arange(n) // block_size
    absmax = torch.zeros(-(-n // block_size)).scatter_reduce_(0, ids, x.abs(), "amax")
    safe = absmax.masked_fill(absmax == 0, 1.0)
    codes = torch.bucketize(x / safe[ids], _mids).to(torch.uint8)
    return codes.reshape(tensor.shape), absmax.bfloat16().float()


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return (_levels[codes.reshape(-1).long()] * scales[ids]).reshape(codes.shape)
