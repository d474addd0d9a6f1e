# mistake: unnamed
# ravel(order="K") reads in memory order, so a transposed tensor gets the blocks and codes of another order than row-major.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)
MIDPOINTS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().ravel(order="K")
    codes = np.empty(flat.size, dtype=np.uint8)
    scales = np.empty((flat.size + block_size - 1) // block_size, dtype=np.float32)
    for b in range(scales.size):
        block = flat[b * block_size:(b + 1) * block_size]
        scales[b] = np.abs(block).max()
        unit = block / scales[b] if scales[b] > 0 else block
        codes[b * block_size:(b + 1) * block_size] = np.searchsorted(MIDPOINTS, unit)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.contiguous().numpy().ravel()
    s = scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[flat] * s).reshape(codes.shape)
