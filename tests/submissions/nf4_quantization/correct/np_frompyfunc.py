# style: np.frompyfunc with min(range(16), key=...) for each value, np.choose on the way back
import numpy as np
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2

TABLE = NF4_LEVELS.tolist()
pick = np.frompyfunc(lambda v: min(range(16), key=lambda k: abs(TABLE[k] - v)), 1, 1)


def quantize_nf4(tensor, block_size=64):
    x = np.array(tensor.reshape(-1).float().tolist(), dtype=np.float64)
    scales = np.array([np.abs(x[i:i + block_size]).max() for i in range(0, len(x), block_size)])
    each = np.repeat(scales, block_size)[:len(x)]
    each[each == 0] = 1
    codes = pick(x / each).astype(np.uint8) if len(x) else np.zeros(0, np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales.astype(np.float32)).reshape(-1)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).numpy()
    levels = np.choose(flat, np.array(TABLE, dtype=np.float32)).astype(np.float32)
    out = levels * np.repeat(scales.numpy(), block_size)[:flat.size]
    return torch.from_numpy(out.astype(np.float32)).reshape(codes.shape)
