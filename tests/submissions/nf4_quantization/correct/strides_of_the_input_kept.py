# unusual: codes (and dequantized values) keep the memory layout of the argument, so for a transposed matrix they are not contiguous; right: the contract asks for the shape, blocks are still read row-major
import torch

LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=torch.float64)
MIDDLES = LEVELS.unfold(0, 2, 1).mean(dim=1)


def _block_of(n, block_size):
    return torch.arange(n) // block_size


def quantize_nf4(tensor, block_size=64):
    codes = torch.empty_like(tensor, dtype=torch.uint8, requires_grad=False)   # preserve_format: same strides
    flat = tensor.detach().reshape(-1).double()
    n_blocks = -(-flat.numel() // block_size)
    scales = torch.zeros(n_blocks, dtype=torch.float64)
    scales.scatter_reduce_(0, _block_of(flat.numel(), block_size), flat.abs(), "amax")
    divisor = torch.where(scales > 0, scales, torch.ones_like(scales))
    y = flat / divisor[_block_of(flat.numel(), block_size)]
    idx = torch.searchsorted(MIDDLES, y)
    codes.copy_(idx.reshape(codes.shape))
    return codes, scales.to(torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    out = torch.empty_like(codes, dtype=torch.float32)
    s = scales.double()[_block_of(codes.numel(), block_size)].reshape(codes.shape)
    out.copy_(LEVELS[codes.long()] * s)
    return out
