# mistake: unnamed
# numpy() is called before the conversion to float32, and numpy has no bfloat16, so a bfloat16 tensor raises a TypeError.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().numpy().astype(np.float32).reshape(-1)
    scales = np.array([np.abs(x[i:i + block_size]).max() for i in range(0, x.size, block_size)], dtype=np.float32)
    s = scales[np.arange(x.size) // block_size]
    x = x / np.where(s == 0, np.float32(1), s)
    codes = np.abs(x[:, None] - NF4_LEVELS[None, :]).argmin(axis=1).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.numpy().reshape(-1)
    s = scales.numpy()[np.arange(c.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[c] * s).reshape(codes.shape)
