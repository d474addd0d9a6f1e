# numpy reduceat
import numpy as np
import torch

LEVELS = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                   -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                   0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def quantize_nf4(tensor, block_size=64):
    x = np.ravel(tensor.double().numpy(), order="C")
    edges = np.arange(0, x.size, block_size)
    scales = np.maximum.reduceat(np.abs(x), edges) if x.size else np.empty(0)
    each = np.repeat(scales, np.diff(np.append(edges, x.size)))
    unit = np.zeros_like(x)
    np.divide(x, each, out=unit, where=each != 0)
    codes = np.searchsorted(np.convolve(LEVELS, [0.5, 0.5], mode="valid"), unit).astype(np.uint8)
    return torch.as_tensor(codes).reshape(tensor.shape), torch.as_tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().ravel()
    values = np.take(LEVELS, flat) * scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(values.astype(np.float32)).reshape(codes.shape)
