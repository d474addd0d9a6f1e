# who: Kenji, audio DSP, splits sign and magnitude; unusual: separate magnitude tables for negative and positive values (the table is not symmetric), np.interp-free rounding
import numpy as np
import torch

NEG = np.array([0.0, 0.09105003625154495, 0.18477343022823334, 0.28444138169288635,
                0.39491748809814453, 0.5250730514526367, 0.6961928009986877, 1.0], dtype=np.float64)     # codes 7,6,...,0
POS = np.array([0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=np.float64)     # codes 7,8,...,15
TABLE = np.concatenate([-NEG[:0:-1], POS]).astype(np.float32)


def _mag(table, m):
    return np.abs(m[:, None] - table[None, :]).argmin(axis=1)


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().double().cpu().numpy().reshape(-1)
    scales = []
    codes = np.empty(x.shape, np.uint8)
    for a in range(0, x.size, block_size):
        seg = x[a:a + block_size]
        peak = np.abs(seg).max()
        scales.append(peak)
        g = np.abs(seg) / peak if peak > 0 else np.zeros_like(seg)
        codes[a:a + block_size] = np.where(seg < 0, 7 - _mag(NEG, g), 7 + _mag(POS, g))
    return (torch.from_numpy(codes.reshape(tuple(tensor.shape))),
            torch.from_numpy(np.array(scales, dtype=np.float32)))


def dequantize_nf4(codes, scales, block_size=64):
    k = codes.cpu().numpy()
    env = np.repeat(scales.cpu().numpy(), min(block_size, max(k.size, 1)))[:k.size]
    y = TABLE[k] * env.reshape(k.shape)
    return torch.from_numpy(np.asarray(y, dtype=np.float32))
