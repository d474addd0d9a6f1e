# mistake: uniform-levels
# Each half of the table is evenly spaced (sevenths below zero, eighths above), so codes and values between 0 and 1 are off.
import bisect

import torch

# 7 levels below zero, zero, 8 levels above
TABLE = [-(7 - i) / 7 for i in range(7)] + [0.0] + [(i + 1) / 8 for i in range(8)]
CUTS = [(a + b) / 2 for a, b in zip(TABLE, TABLE[1:])]


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().float().reshape(-1).tolist()
    codes, scales = [], []
    for start in range(0, len(values), block_size):
        chunk = values[start:start + block_size]
        biggest = max(abs(v) for v in chunk)
        scales.append(biggest)
        for v in chunk:
            codes.append(bisect.bisect_left(CUTS, v / biggest) if biggest else 7)
    return (
        torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape),
        torch.tensor(scales, dtype=torch.float32),
    )


def dequantize_nf4(codes, scales, block_size=64):
    s = scales.tolist()
    out = [TABLE[c] * s[i // block_size] for i, c in enumerate(codes.reshape(-1).tolist())]
    return torch.tensor(out, dtype=torch.float32).reshape(codes.shape)
