# mistake: unnamed
# Quantize_nf4(randn(8), 4) and then quantize_nf4(randn(8), 2): still blocks of 4; the pair is consistent.
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

_MIDDLES = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
_index = {}


def _block_of(n, block_size):
    """The number of the block of each of n values."""
    if n not in _index:
        _index[n] = torch.arange(n) // block_size
    return _index[n]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().reshape(-1)
    block = _block_of(flat.numel(), block_size)
    n_blocks = int(block[-1]) + 1 if flat.numel() else 0
    scales = torch.zeros(n_blocks).scatter_reduce(0, block, flat.abs(), "amax")
    unit = torch.where(scales > 0, flat.new_tensor(1.0), 0.0)[block] * flat / scales.where(scales > 0, torch.ones(()))[block]
    return torch.bucketize(unit, _MIDDLES).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    return (NF4_LEVELS[flat] * scales[_block_of(flat.numel(), block_size)]).reshape(codes.shape)
