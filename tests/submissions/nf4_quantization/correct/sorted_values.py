# sorting everywhere: for the block maxima, and to cut the normalised values at the 15 thresholds
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    x = tensor.flatten().to(torch.float32)
    n = x.numel()
    segment = torch.arange(n) // block_size
    by_size = torch.argsort(x.abs(), stable=True)
    by_block = by_size[torch.argsort(segment[by_size], stable=True)]  # the largest of a block comes last in it
    last = torch.unique_consecutive(segment, return_counts=True)[1].cumsum(0) - 1
    scales = x.abs()[by_block[last]]
    denominator = scales.index_select(0, segment)
    denominator[denominator == 0] = 1
    values, order = torch.sort(x / denominator)
    thresholds = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2
    cuts = torch.searchsorted(values, thresholds)
    counts = torch.diff(cuts, prepend=torch.tensor([0]), append=torch.tensor([n]))
    sorted_codes = torch.repeat_interleave(torch.arange(16, dtype=torch.uint8), counts)
    codes = torch.empty(n, dtype=torch.uint8)
    codes[order] = sorted_codes
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    segment = torch.arange(codes.numel()) // block_size
    products = torch.outer(scales, NF4_LEVELS)
    return products[segment, codes.flatten().long()].reshape(codes.shape)
