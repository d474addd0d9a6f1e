# mistake: input-modified
# numpy shares memory with the tensor and /= writes into it, so a contiguous float32 input comes out changed.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)
MIDS = 0.5 * (NF4_LEVELS[1:] + NF4_LEVELS[:-1])


def quantize_nf4(tensor, block_size=64):
    w = tensor.detach().to(torch.float32).numpy().reshape(-1)
    if w.size == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    scales = np.maximum.reduceat(np.abs(w), range(0, w.size, block_size))
    divisor = np.where(scales > 0, scales, np.float32(1.0))
    w /= divisor[np.arange(w.size) // block_size]
    codes = np.searchsorted(MIDS, w).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    out = NF4_LEVELS[flat] * scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(out).reshape(codes.shape)
