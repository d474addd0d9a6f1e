# mistake: unnamed
# np.array_split balances the block lengths, so scales and codes are wrong when the last block should be shorter.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().reshape(-1)
    if flat.size == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    n_blocks = int(np.ceil(flat.size / block_size))
    codes, scales = [], []
    for block in np.array_split(flat, n_blocks):
        scale = np.abs(block).max()
        unit = block / scale if scale > 0 else block
        codes.append(np.abs(unit[:, None] - NF4_LEVELS).argmin(axis=1).astype(np.uint8))
        scales.append(scale)
    return torch.from_numpy(np.concatenate(codes)).reshape(tensor.shape), torch.from_numpy(np.array(scales))


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    s = scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(NF4_LEVELS[flat] * s).reshape(codes.shape)
