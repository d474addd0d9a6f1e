# mistake: unnamed
# Quantize_nf4([9., 1., 1.], block_size=2): second scale 9 (np.resize pads with the first values).
import numpy as np
import torch

LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    a = tensor.float().numpy().reshape(-1)
    if a.size == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    n_blocks = -(-a.size // block_size)
    blocks = np.resize(a, (n_blocks, block_size))  # fills up the last block
    scales = np.max(np.abs(blocks), axis=1)
    unit = blocks / np.where(scales > 0, scales, 1)[:, None]
    codes = np.argmin(np.abs(unit[..., None] - LEVELS), axis=-1).reshape(-1)[: a.size]
    return torch.from_numpy(codes.astype(np.uint8)).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.numpy()
    s = np.repeat(scales.numpy(), block_size)[: c.size].reshape(c.shape)
    return torch.from_numpy(np.asarray(LEVELS[c] * s, dtype=np.float32))
