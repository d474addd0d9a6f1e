# mistake: unnamed
# Level 7 is 1e-4 instead of 0, so dequantized code 7 is not 0.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 1e-4, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().reshape(-1)
    codes = np.full(flat.size, 7, dtype=np.uint8)
    scales = []
    for i in range(0, flat.size, block_size):
        block = flat[i:i + block_size]
        scale = np.abs(block).max()
        scales.append(scale)
        if scale > 0:
            codes[i:i + block_size] = np.abs(block[:, None] / scale - NF4_LEVELS).argmin(1)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(np.array(scales, dtype=np.float32))


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    per_value = scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[flat] * per_value).reshape(codes.shape)
