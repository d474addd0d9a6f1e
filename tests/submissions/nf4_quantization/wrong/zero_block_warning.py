# mistake: unnamed
# np.where evaluates the division before choosing, so a zero block raises a RuntimeWarning although the results are right.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)
EDGES = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().reshape(-1)
    starts = range(0, flat.size, block_size)
    scales = np.array([np.abs(flat[s:s + block_size]).max() for s in starts], dtype=np.float32)
    per_value = scales[np.arange(flat.size) // block_size]
    normalized = np.where(per_value > 0, flat / per_value, 0.0)
    codes = np.digitize(normalized, EDGES).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    per_value = scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[flat] * per_value).reshape(codes.shape)
