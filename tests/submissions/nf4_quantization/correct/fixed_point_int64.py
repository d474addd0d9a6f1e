# fixed-point arithmetic: levels and values as int64 multiples of 2 ** -40, distances between integers
import torch

ONE = 1 << 40  # every level is a multiple of 2 ** -28, so all 16 are exact
LEVELS = [round(level * ONE) for level in (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)]


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().double().reshape(-1)
    fixed = torch.zeros(values.shape, dtype=torch.int64, device=tensor.device)
    scales = torch.zeros(-(-values.numel() // block_size), device=tensor.device)
    for i, block in enumerate(values.split(block_size) if len(scales) else ()):
        if top := block.abs().max().float().item():
            scales[i] = top
            fixed[i * block_size :][: len(block)] = (block / top * ONE).round()
    levels = torch.tensor(LEVELS, device=tensor.device)
    codes = (fixed[:, None] - levels).abs().argmin(1)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    fixed = torch.tensor(LEVELS, device=codes.device)[codes.reshape(-1).long()]
    block = torch.arange(fixed.numel(), device=codes.device) // block_size
    return (fixed.double() / ONE * scales.double()[block]).to(torch.float32).reshape(codes.shape)
