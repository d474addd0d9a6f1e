# mistake: unnamed
# The scales are rounded to four decimals, which is visible for scales well below 1.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().float().reshape(-1).tolist()
    codes, scales = [], []
    for i in range(0, len(values), block_size):
        block = values[i:i + block_size]
        absmax = max(abs(v) for v in block)
        for v in block:
            x = v / absmax if absmax > 0 else 0.0
            codes.append(min(range(16), key=lambda k: abs(x - NF4_LEVELS[k])))
        scales.append(round(absmax, 4))
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    levels = torch.tensor(NF4_LEVELS)
    ids = torch.arange(codes.numel()) // block_size
    return levels[codes.long()] * scales[ids].reshape(codes.shape)
