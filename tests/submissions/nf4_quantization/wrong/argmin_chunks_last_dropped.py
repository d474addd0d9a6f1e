# mistake: unnamed
# The distances are taken in whole chunks of 4096, so beyond 4096 values those after the last whole chunk keep code 7.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def _nearest(x, chunk=4096):
    codes = torch.full(x.shape, 7, dtype=torch.uint8)
    if x.numel() <= chunk:
        return (x[:, None] - NF4_LEVELS).abs().argmin(dim=1).to(torch.uint8)
    for start in range(0, x.numel() - chunk + 1, chunk):
        part = x[start:start + chunk]
        codes[start:start + chunk] = (part[:, None] - NF4_LEVELS).abs().argmin(dim=1).to(torch.uint8)
    return codes


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    ids = torch.arange(flat.numel()) // block_size
    scales = torch.zeros((flat.numel() + block_size - 1) // block_size)
    scales = scales.scatter_reduce(0, ids, flat.abs(), reduce="amax")
    per_value = scales[ids]
    normalized = torch.where(per_value > 0, flat / per_value.clamp_min(1e-38), torch.zeros_like(flat))
    return _nearest(normalized).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
