# mistake: zero-block-nan
# numpy divides zeros by a scale of 0: a RuntimeWarning, NaN, and argmin gives code 0 instead of 7.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().flatten()
    scales, codes = [], []
    for i in range(0, len(flat), block_size):
        block = flat[i:i + block_size]
        scale = np.max(np.abs(block))
        distances = np.abs(block[:, np.newaxis] / scale - NF4_LEVELS[np.newaxis, :])
        codes.extend(np.argmin(distances, axis=1))
        scales.append(scale)
    codes = np.array(codes, dtype=np.uint8).reshape(tuple(tensor.shape))
    return torch.from_numpy(codes), torch.from_numpy(np.array(scales, dtype=np.float32))


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().flatten()
    out = np.zeros(len(flat), dtype=np.float32)
    for b, i in enumerate(range(0, len(flat), block_size)):
        out[i:i + block_size] = NF4_LEVELS[flat[i:i + block_size]] * scales[b].item()
    return torch.from_numpy(out).reshape(codes.shape)
