# mistake: signed-codes
# Codes run from -7 to 8 around zero in int8 and dequantize adds 7 to what it gets, so codes are wrong and given ones are out of range.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
ZERO_POINT = 7


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().reshape(-1)
    starts = np.arange(0, flat.size, block_size)
    scales = np.maximum.reduceat(np.abs(flat), starts) if flat.size else np.zeros(0, np.float32)
    rep = scales[np.arange(flat.size) // block_size]
    unit = np.zeros_like(flat)
    np.divide(flat, rep, out=unit, where=rep != 0)
    q = (np.searchsorted(MIDS, unit) - ZERO_POINT).astype(np.int8)
    return torch.from_numpy(q).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    index = codes.to(torch.int64).reshape(-1).numpy() + ZERO_POINT
    rep = scales.numpy()[np.arange(index.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[index] * rep).reshape(codes.shape)
