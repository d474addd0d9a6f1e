# mistake: unnamed
# The codes are 4-bit two's complement around level 7 (zero is 0, negatives from 9 up), not the index of the level.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def _to_nibble(index):
    return (index - 7) & 0xF


def _from_nibble(nibble):
    return (nibble + 7) & 0xF


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    ids = torch.arange(flat.numel()) // block_size
    scales = torch.zeros(-(-flat.numel() // block_size)).scatter_reduce(0, ids, flat.abs(), "amax")
    unit = flat / scales.masked_fill(scales == 0, 1)[ids]
    codes = _to_nibble(torch.bucketize(unit, MIDS))
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[_from_nibble(codes.long())] * scales[ids].reshape(codes.shape)
