# mistake: unnamed
# The block numbers are held in uint8 in dequantize, so with more than 256 blocks the scales start over from the first block.
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
    scales = np.zeros(-(-flat.size // block_size), dtype=np.float32)
    np.maximum.at(scales, np.arange(flat.size) // block_size, np.abs(flat))
    s = scales[np.arange(flat.size) // block_size]
    unit = np.divide(flat, s, out=np.zeros_like(flat), where=s > 0)
    codes = np.abs(unit[:, None] - NF4_LEVELS).argmin(axis=1).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    block_ids = (np.arange(codes.numel()) // block_size).astype(np.uint8)
    values = NF4_LEVELS[codes.numpy().reshape(-1)] * scales.numpy()[block_ids]
    return torch.from_numpy(values).reshape(codes.shape)
