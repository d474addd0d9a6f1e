# style: short: midpoints, torch.bucketize(right=True) so that ties go up, index arithmetic for the scale
import torch

NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)
MID = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    x = tensor.flatten().float()
    ids = torch.arange(len(x)) // block_size
    s = torch.stack([b.abs().max() for b in x.split(block_size)]) if len(x) else x
    d = s[ids]
    y = torch.where(d == 0, d, x / d)
    return torch.bucketize(y, MID, out_int32=True, right=True).byte().view(tensor.shape), s


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()).div(block_size, rounding_mode="floor").view(codes.shape)
    return NF4_LEVELS.take(codes.long()) * scales.take(ids)
