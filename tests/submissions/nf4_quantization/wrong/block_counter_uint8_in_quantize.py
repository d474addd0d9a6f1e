# mistake: unnamed
# The block number of a value is accumulated in a uint8 counter in quantize, so beyond 256 blocks the codes are scaled with the wrong blocks.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    scales = torch.stack([b.abs().max() for b in flat.split(block_size)])
    starts = torch.zeros(n, dtype=torch.uint8)
    starts[block_size::block_size] = 1
    block_of = starts.cumsum(0, dtype=torch.uint8).long()
    s = scales[block_of]
    unit = flat / torch.where(s > 0, s, 1.0)
    return torch.bucketize(unit, MIDS).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    block_of = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[block_of].reshape(codes.shape)
