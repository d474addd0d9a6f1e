# mistake: partial-block-padding-counted
# When the last block is shorter the padding is not cut off, and flat codes of the padded length come back.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDPOINTS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    if flat.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    block_size = min(block_size, flat.numel() + 1)
    remainder = flat.numel() % block_size
    if remainder:
        flat = torch.cat([flat, torch.zeros(block_size - remainder)])
    blocks = flat.reshape(-1, block_size)
    scales = blocks.abs().amax(1)
    div = scales.clone()
    div[div == 0] = 1
    codes = torch.bucketize(blocks / div[:, None], MIDPOINTS).to(torch.uint8)
    if remainder:
        return codes.flatten(), scales
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    which = torch.arange(codes.numel()) // block_size
    return (NF4_LEVELS[codes.flatten().long()] * scales[which]).reshape(codes.shape)
