# mistake: scale-inverted
# quantize is right, but dequantize divides the levels by the scale; it shows wherever the scale is not 1.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().float().reshape(-1).numpy()
    n_blocks = (len(x) + block_size - 1) // block_size
    scales = np.zeros(n_blocks, dtype=np.float32)
    codes = np.full(len(x), 7, dtype=np.uint8)
    for b in range(n_blocks):
        part = slice(b * block_size, (b + 1) * block_size)
        scales[b] = np.abs(x[part]).max()
        if scales[b] != 0:
            codes[part] = np.abs(np.subtract.outer(x[part] / scales[b], NF4_LEVELS)).argmin(axis=1)
    return torch.tensor(codes).reshape(tensor.shape), torch.tensor(scales)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.reshape(-1).numpy()
    s = scales.numpy()[np.arange(len(c)) // block_size]
    values = np.divide(NF4_LEVELS[c], s, out=np.zeros(len(c), dtype=np.float32), where=s != 0)
    return torch.tensor(values).reshape(codes.shape)
