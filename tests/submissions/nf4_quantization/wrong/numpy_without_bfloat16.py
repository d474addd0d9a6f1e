# mistake: unnamed
# Quantize_nf4(ones(2, dtype=bfloat16)) raises TypeError.
import numpy as np
import torch

LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    a = tensor.numpy().astype(np.float32).ravel()
    n_blocks = -(-a.size // block_size)
    p = np.zeros((n_blocks, block_size), np.float32)
    p.reshape(-1)[: a.size] = a
    scales = np.abs(p).max(axis=1)
    p = np.divide(p, scales[:, None], out=np.zeros_like(p), where=scales[:, None] > 0)
    codes = np.searchsorted((LEVELS[1:] + LEVELS[:-1]) / 2, p.ravel()[: a.size]).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.numpy()
    s = np.repeat(scales.numpy(), block_size)[: c.size]
    return torch.from_numpy((LEVELS[c.ravel()] * s).astype(np.float32)).reshape(codes.shape)
