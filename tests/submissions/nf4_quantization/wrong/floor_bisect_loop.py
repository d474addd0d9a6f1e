# mistake: floor-not-nearest
# bisect finds the level below each value and the nearer level above is never considered, so many codes are one too small.
from bisect import bisect_right

import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def quantize_nf4(tensor, block_size=64):
    shape = tensor.shape
    values = tensor.detach().to(torch.float32).reshape(-1)
    codes = torch.zeros(values.numel(), dtype=torch.uint8)
    scales = []
    scale = 0.0
    for i, v in enumerate(values.tolist()):
        if i % block_size == 0:
            scale = values[i:i + block_size].abs().max().item()
            scales.append(scale)
        codes[i] = bisect_right(NF4_LEVELS, v / scale) - 1 if scale > 0 else NF4_LEVELS.index(0.0)
    return codes.reshape(shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    result = torch.zeros(codes.numel())
    table = torch.tensor(NF4_LEVELS)
    flat = codes.reshape(-1).long()
    for b in range(len(scales)):
        lo, hi = b * block_size, (b + 1) * block_size
        result[lo:hi] = table[flat[lo:hi]] * scales[b]
    return result.reshape(codes.shape)
