# mistake: unnamed
# dequantize shifts the codes right and left again in place, which leaves odd codes one smaller in the caller's tensor.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    ids = torch.arange(flat.numel()) // block_size
    scales = torch.zeros(-(-flat.numel() // block_size)).scatter_reduce(0, ids, flat.abs(), "amax")
    unit = flat / scales.masked_fill(scales == 0, 1)[ids]
    return (unit[:, None] - NF4_LEVELS).abs().argmin(1).byte().reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    # the table as 8 pairs: upper three bits choose the pair, the last bit the member
    pairs = NF4_LEVELS.view(8, 2)
    low = (codes & 1).long()
    codes >>= 1
    values = pairs[codes.long(), low]
    codes <<= 1
    ids = torch.arange(codes.numel()) // block_size
    return values * scales[ids].reshape(codes.shape)
