# np.maximum.reduceat for the block maxima, np.divide(where=...), argmin over an outer difference
import numpy as np
import torch

LEVELS = np.fromstring(
    """-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0""".replace("\n", " "),
    sep=",",
)
NF4_LEVELS = torch.from_numpy(LEVELS)


def quantize_nf4(tensor, block_size=64):
    v = np.asarray(tensor.double().contiguous()).reshape(-1)
    if v.size == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0, dtype=torch.float32)
    starts = np.arange(0, v.size, block_size)
    scales = np.maximum.reduceat(np.abs(v), starts)
    lengths = np.diff(np.append(starts, v.size))
    s = np.repeat(scales, lengths)
    q = np.divide(v, s, out=np.zeros_like(v), where=s != 0)
    codes = np.abs(np.subtract.outer(q, LEVELS)).argmin(axis=1)
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    c = np.asarray(codes).ravel()
    s = np.asarray(scales, dtype=np.float64)[np.arange(c.size) // block_size]
    return torch.tensor(LEVELS.take(c) * s, dtype=torch.float32).reshape(codes.shape)
