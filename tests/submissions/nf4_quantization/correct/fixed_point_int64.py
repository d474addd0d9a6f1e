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
    levels = torch.tensor(LEVELS, device=tensor.device)
    codes = torch.full(tensor.shape, 7, dtype=torch.uint8, device=tensor.device)  # contiguous, whatever tensor is
    out, values = codes.view(-1), tensor.detach().reshape(-1)
    scales = torch.zeros(-(-values.numel() // block_size), device=tensor.device)
    for i, block in enumerate(values.double().split(block_size) if len(scales) else ()):
        top = block.abs().max().float()
        if top > 0:
            scales[i] = top
            fixed = (block / top.double() * ONE).round().long()
            out[i * block_size :][: len(block)] = (fixed[:, None] - levels).abs().argmin(1)
    return codes, scales


def dequantize_nf4(codes, scales, block_size=64):
    fixed = torch.tensor(LEVELS, device=codes.device)[codes.reshape(-1).long()]
    block = torch.arange(fixed.numel(), device=codes.device) // block_size
    return (fixed.double() / ONE * scales.double()[block]).to(torch.float32).reshape(codes.shape)
