# mistake: unnamed
# quantize returns numpy arrays instead of torch tensors.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().float().cpu().numpy()
    flat = x.reshape(-1)
    scales = np.array([np.abs(flat[i:i + block_size]).max() for i in range(0, flat.size, block_size)], dtype=np.float32)
    s = scales[np.arange(flat.size) // block_size]
    unit = flat / np.where(s > 0, s, np.float32(1))
    codes = np.abs(unit[:, None] - NF4_LEVELS).argmin(axis=1).astype(np.uint8)
    return codes.reshape(x.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    codes, scales = np.asarray(codes), np.asarray(scales)
    flat = codes.reshape(-1)
    out = NF4_LEVELS[flat] * scales[np.arange(flat.size) // block_size]
    return torch.from_numpy(out.astype(np.float32)).reshape(codes.shape)
