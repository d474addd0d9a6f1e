# mistake: unnamed
# The tensor is flattened column by column (Fortran order) in both functions, which shows for every matrix with several blocks.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    arr = tensor.detach().float().numpy()
    flat = arr.flatten(order="F")
    scales = np.zeros(-(-flat.size // block_size), dtype=np.float32)
    block = np.arange(flat.size) // block_size
    np.maximum.at(scales, block, np.abs(flat))
    unit = flat / np.where(scales == 0, np.float32(1), scales)[block]
    codes = np.searchsorted(MIDS, unit).astype(np.uint8).reshape(arr.shape, order="F")
    return torch.from_numpy(np.ascontiguousarray(codes).reshape(arr.shape)), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    arr = codes.numpy()
    flat = arr.flatten(order="F")
    values = NF4_LEVELS[flat] * scales.numpy()[np.arange(flat.size) // block_size]
    values = np.ascontiguousarray(values.reshape(arr.shape, order="F")).reshape(arr.shape)
    return torch.from_numpy(values)
