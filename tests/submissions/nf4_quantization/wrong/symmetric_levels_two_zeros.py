# mistake: symmetric-levels
# The positive half is built by mirroring the negative half, zero twice, so every positive value between 0 and the scale is coded wrongly.
import numpy as np
import torch

_neg = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                 -0.18477343022823334, -0.09105003625154495, 0.0], dtype=np.float32)
LEVELS = np.concatenate([_neg, np.abs(_neg[::-1])])


def _block_index(n, block_size):
    return np.arange(n) // block_size


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().to(torch.float32).numpy().reshape(-1)
    n = x.size
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    scales = np.maximum.reduceat(np.abs(x), np.arange(0, n, block_size))
    per_value = scales[_block_index(n, block_size)]
    ratio = np.divide(x, per_value, out=np.zeros_like(x), where=per_value > 0)
    codes = np.abs(ratio[:, None] - LEVELS[None]).argmin(1).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.numpy().reshape(-1)
    out = LEVELS[c] * scales.numpy()[_block_index(c.size, block_size)]
    return torch.from_numpy(out.astype(np.float32)).reshape(codes.shape)
