# mistake: unnamed
# A block of zeros gets code 8, the middle of 16, instead of 7.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().reshape(-1)
    codes, scales = [], []
    for start in range(0, flat.size, block_size):
        block = flat[start:start + block_size]
        scale = np.abs(block).max()
        scales.append(scale)
        if scale == 0.0:
            codes.append(np.full(block.size, len(NF4_LEVELS) // 2))
        else:
            codes.append(np.abs((block / scale)[:, None] - NF4_LEVELS).argmin(axis=1))
    codes = np.concatenate([np.zeros(0)] + codes).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(np.array(scales, dtype=np.float32))


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    s = scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[flat] * s).reshape(codes.shape)
