# mistake: midpoint-in-index-space
# The index is rounded linearly in each half (7 steps below zero, 8 above), so values between the ends get codes of an even grid.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def _to_index(u):
    idx = np.where(u < 0, 7 + 7 * u, 7 + 8 * u)
    return np.rint(idx).astype(np.uint8)


def quantize_nf4(tensor, block_size=64):
    a = tensor.detach().float().numpy()
    flat = np.ascontiguousarray(a).reshape(-1)
    starts = range(0, flat.size, block_size)
    scales = np.array([np.abs(flat[s:s + block_size]).max() for s in starts], dtype=np.float32)
    expanded = np.repeat(scales, min(block_size, max(flat.size, 1)))[:flat.size]
    unit = flat / np.where(expanded == 0, np.float32(1), expanded)
    return torch.from_numpy(_to_index(unit)).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    idx = codes.numpy().reshape(-1).astype(int)
    block_of = np.arange(idx.size) // block_size
    values = NF4_LEVELS.take(idx) * scales.numpy()[block_of]
    return torch.as_tensor(values, dtype=torch.float32).reshape(codes.shape)
