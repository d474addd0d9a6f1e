# unusual: everything in numpy in float64, 0/0 silenced by errstate and mended by np.where; right: nothing leaves errstate, bfloat16 goes through double, results are torch tensors
import numpy as np
import torch

NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=np.float64)
EDGES = (NF4[1:] + NF4[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().cpu().double().numpy().ravel()      # ravel is row major ("C")
    n = flat.size
    starts = np.arange(0, n, block_size)
    if n:
        absmax = np.maximum.reduceat(np.abs(flat), starts)
    else:
        absmax = np.zeros(0)
    per_value = absmax[np.arange(n) // block_size]
    with np.errstate(divide="ignore", invalid="ignore"):
        normed = flat / per_value
    normed = np.where(per_value == 0, 0.0, normed)
    codes = np.searchsorted(EDGES, normed, side="right").astype(np.uint8)
    return (
        torch.from_numpy(codes.reshape(tuple(tensor.shape))),
        torch.from_numpy(absmax.astype(np.float32)),
    )


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.cpu().numpy()
    s = scales.cpu().numpy().astype(np.float64)
    block = np.arange(c.size).reshape(c.shape) // block_size
    values = np.take(NF4, c) * s[block]
    return torch.from_numpy(np.asarray(values, dtype=np.float32).reshape(c.shape))
