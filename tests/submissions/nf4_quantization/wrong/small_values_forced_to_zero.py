# mistake: unnamed
# Values below 1e-3 in magnitude are given code 7 whatever their block's scale is, which shows in blocks of small values.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def quantize_nf4(tensor, block_size=64):
    data = tensor.detach().float().reshape(-1).tolist()
    codes, scales = [], []
    for i in range(0, len(data), block_size):
        block = data[i:i + block_size]
        scale = max(map(abs, block))
        scales.append(scale)
        for v in block:
            if abs(v) < 1e-3:  # practically zero
                codes.append(7)
                continue
            distances = [abs(v / scale - level) for level in NF4_LEVELS]
            codes.append(distances.index(min(distances)))
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    levels = torch.tensor(NF4_LEVELS)
    ids = torch.arange(codes.numel()) // block_size
    return levels[codes.long()] * scales[ids].reshape(codes.shape)
