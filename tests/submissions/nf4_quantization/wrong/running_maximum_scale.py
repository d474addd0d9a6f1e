# mistake: unnamed
# The largest value seen so far is never reset, so a block smaller than an earlier one gets the earlier scale.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().float().reshape(-1).tolist()
    absmax = 0.0
    codes, scales = [], []
    for start in range(0, len(values), block_size):
        block = values[start:start + block_size]
        for v in block:
            if abs(v) > absmax:
                absmax = abs(v)
        scales.append(absmax)
        for v in block:
            x = v / absmax if absmax else 0.0
            codes.append(min(range(16), key=lambda i: abs(NF4_LEVELS[i] - x)))
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    out, table = [], NF4_LEVELS
    for i, c in enumerate(codes.reshape(-1).tolist()):
        out.append(table[c] * scales[i // block_size].item())
    return torch.tensor(out, dtype=torch.float32).reshape(codes.shape)
