# style: results with unusual strides: scales a column of a sorted copy, codes stored back to front (Fortran order)
import torch

NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)

def _fortran(t):
    """The same values, stored with the first index running fastest."""
    order = tuple(reversed(range(t.dim())))
    return t.permute(order).contiguous().permute(order)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    width = max(1, min(block_size, n))
    grid = torch.zeros(-(-n // block_size), width)
    grid.view(-1)[:n].copy_(flat)
    scales = grid.abs().sort(dim=1).values[:, -1]           # stride = width
    safe = scales.masked_fill(scales == 0, float("inf"))     # 0 / inf == 0
    dist = (NF4_LEVELS.view(16, 1, 1) - grid / safe[:, None]).abs_()
    codes = dist.argmin(0).view(-1)[:n].reshape(tensor.shape)
    return _fortran(codes.to(torch.uint8)), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()).reshape(codes.shape) // block_size
    return _fortran(NF4_LEVELS[codes.long()] * scales[ids])
