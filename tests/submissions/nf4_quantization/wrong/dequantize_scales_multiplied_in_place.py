# mistake: unnamed
# The scales are used as an output buffer in dequantize when there is one scale for each value (block_size 1), and are overwritten.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    codes = torch.full((flat.numel(),), 7, dtype=torch.uint8)
    scales = torch.zeros(-(-flat.numel() // block_size))
    for b, i in enumerate(range(0, flat.numel(), block_size)):
        block = flat[i:i + block_size]
        scales[b] = block.abs().max()
        if scales[b] > 0:
            codes[i:i + block_size] = (block[:, None] / scales[b] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    levels = NF4_LEVELS[codes.reshape(-1).long()]
    out = scales
    if scales.numel() != levels.numel():
        out = scales[torch.arange(levels.numel()) // block_size]
    out *= levels
    return out.reshape(codes.shape)
