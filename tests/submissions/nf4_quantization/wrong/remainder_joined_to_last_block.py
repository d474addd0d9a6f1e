# mistake: unnamed
# There are n // block_size blocks and the remaining values join the last of them, so a shorter last block has no scale of its own.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    n_blocks = max(1, n // block_size)
    ids = (torch.arange(n) // block_size).clamp(max=n_blocks - 1)
    scales = torch.zeros(n_blocks).scatter_reduce(0, ids, flat.abs(), "amax")
    unit = flat / scales.masked_fill(scales == 0, 1)[ids]
    codes = (unit[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    ids = (torch.arange(codes.numel()) // block_size).clamp(max=len(scales) - 1)
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
