# mistake: unnamed
# amax keeps its dimension, so the scales have shape (n_blocks, 1) instead of (n_blocks,).
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
    bs = min(block_size, max(n, 1))
    blocks = torch.cat([flat, torch.zeros(-n % bs)]).view(-1, bs)
    scales = blocks.abs().amax(dim=1, keepdim=True)
    codes = torch.bucketize(blocks / scales.masked_fill(scales == 0, 1.0), MIDS)
    return codes.flatten()[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    bs = min(block_size, max(n, 1))
    values = NF4_LEVELS[codes.flatten().long()]
    values = torch.cat([values, torch.zeros(-n % bs)]).view(-1, bs)
    return (values * scales.reshape(-1, 1)).flatten()[:n].reshape(codes.shape)
