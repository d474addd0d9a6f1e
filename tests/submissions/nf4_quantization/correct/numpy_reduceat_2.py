# style: NumPy: maximum.reduceat for the blocks, digitize, errstate, from_numpy; no detach (grad is not asked for)
import numpy as np
import torch

NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=np.float32)
EDGES = (NF4[:-1].astype(np.float64) + NF4[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    x = tensor.to(torch.float32).numpy().astype(np.float64).ravel()
    if x.size == 0:
        return torch.zeros(tuple(tensor.shape), dtype=torch.uint8), torch.zeros(0)
    starts = np.arange(0, x.size, block_size)
    scales = np.maximum.reduceat(np.abs(x), starts)
    per = np.repeat(scales, np.diff(np.append(starts, x.size)))
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.nan_to_num(x / per)
    codes = np.digitize(y, EDGES).astype(np.uint8).reshape(tensor.shape)
    return torch.from_numpy(codes), torch.from_numpy(scales.astype(np.float32))


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.numpy()
    s = np.repeat(scales.numpy(), block_size)[: c.size]
    return torch.from_numpy(np.take(NF4, c.ravel()) * s).reshape(codes.shape)
