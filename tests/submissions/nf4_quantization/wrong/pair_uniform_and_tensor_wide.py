# mistake: uniform-levels + tensor-wide-scale
# The levels are evenly spaced around zero, and one scale of the whole tensor serves every block.
import numpy as np
import torch

LEVELS = np.concatenate([np.arange(-7, 1) / 7, np.arange(1, 9) / 8]).astype(np.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().numpy().reshape(-1)
    n_blocks = -(-flat.size // block_size)
    absmax = np.abs(flat).max() if flat.size else np.float32(0)
    unit = flat / absmax if absmax > 0 else flat
    codes = np.abs(unit[:, None] - LEVELS).argmin(1).astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.full((n_blocks,), float(absmax))


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.numpy().reshape(-1)
    s = scales.numpy()[np.arange(flat.size) // block_size]
    return torch.from_numpy(LEVELS[flat] * s).reshape(codes.shape)
