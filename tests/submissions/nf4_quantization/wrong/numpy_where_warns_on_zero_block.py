# mistake: unnamed
# Quantize_nf4(zeros(4)): RuntimeWarning: invalid value encountered in divide; the values are right.
import numpy as np
import torch

LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)

MIDDLES = (LEVELS[1:] + LEVELS[:-1]) / 2


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    a = tensor.detach().to(torch.float32).numpy().reshape(-1)
    blocks = [a[i : i + block_size] for i in range(0, a.size, block_size)]
    scales = np.array([np.abs(b).max() for b in blocks], dtype=np.float32)
    s = np.repeat(scales, block_size)[: a.size]
    normed = np.where(s == 0, np.float32(0), a / s)  # no NaN for a block of zeros
    codes = np.digitize(normed, MIDDLES).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).numpy()
    s = np.repeat(scales.numpy(), block_size)[: flat.size]
    return torch.from_numpy(LEVELS[flat] * s).reshape(codes.shape)
