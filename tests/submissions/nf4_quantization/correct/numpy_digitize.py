# NumPy inside: digitize, errstate around the division by the zero scale
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)
EDGES = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    arr = tensor.detach().cpu().to(torch.float32).numpy().ravel()
    n = arr.size
    blocks = np.zeros((int(np.ceil(n / block_size)), block_size), dtype=np.float32)
    blocks.reshape(-1)[:n] = arr
    scales = np.abs(blocks).max(axis=1, initial=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = blocks / scales[:, np.newaxis]
    scaled[scales == 0] = 0
    codes = np.digitize(scaled.ravel()[:n], EDGES).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.numpy()
    s = np.repeat(scales.numpy(), block_size)[: c.size].reshape(c.shape)
    return torch.from_numpy(np.asarray(NF4_LEVELS[c] * s, dtype=np.float32))
