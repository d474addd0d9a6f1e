# mistake: unnamed
# Quantize_nf4(torch.tensor([1.0, 0.15])) gives code 8 for 0.15, should be 9.
import numpy as np
import torch

LEVELS = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                   -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                   0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
                   0.7229568362236023, 1.0]).astype(np.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.to(torch.float32).numpy().flatten()
    codes = np.full(flat.shape, 7, dtype=np.uint8)
    scales = []
    for i in range(0, flat.size, block_size):
        part = flat[i:i + block_size]
        s = np.abs(part).max()
        scales.append(s)
        if s > 0:
            # np.digitize finds the bin that each value belongs to
            codes[i:i + block_size] = np.digitize(part / s, LEVELS) - 1
    return torch.from_numpy(codes).reshape(tensor.shape), torch.tensor(np.array(scales, dtype=np.float32))


def dequantize_nf4(codes, scales, block_size=64):
    idx = torch.arange(codes.numel()) // block_size
    return (torch.from_numpy(LEVELS)[codes.long()].reshape(-1) * scales[idx]).reshape(codes.shape)
