# mistake: partial-block-padding-counted
# np.resize fills the last block with values from the start of the tensor, and they count in that block's scale.
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
    n = flat.size
    n_blocks = -(-n // block_size)
    size = min(block_size, max(n, 1))
    blocks = np.resize(flat, (n_blocks, size))
    scales = np.abs(blocks).max(axis=1, initial=0).astype(np.float32)
    div = np.where(scales == 0, 1, scales).astype(np.float32)
    unit = blocks / div[:, None]
    codes = np.abs(unit[..., None] - NF4_LEVELS).argmin(-1).astype(np.uint8)
    codes = codes.reshape(-1)[:n]
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    rep = np.repeat(scales.numpy(), min(block_size, max(n, 1)))[:n]
    flat = NF4_LEVELS[codes.numpy().reshape(-1)]
    return torch.from_numpy(flat * rep).reshape(codes.shape)
