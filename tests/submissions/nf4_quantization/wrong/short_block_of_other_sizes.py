# mistake: unnamed
# A short last block gets the scale of the block before, unless blocks have the default size.

import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().to(torch.float32).reshape(-1)
    n = x.numel()
    blocks = torch.nn.functional.pad(x, (0, -n % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if n else torch.zeros(0)
    if block_size != 64 and n > block_size and n % block_size:
        scales[-1] = scales[-2]
    unit = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = torch.bucketize(unit, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)
    return codes.reshape(-1)[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    spread = scales.repeat_interleave(block_size)[: codes.numel()].reshape(codes.shape)
    return NF4_LEVELS[codes.long()] * spread
