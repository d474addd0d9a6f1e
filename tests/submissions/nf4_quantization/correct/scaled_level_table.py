# style: no division: distances to the levels times the scale, one table row per block, flat take
import torch

NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)

def _tables(scales):
    return torch.outer(scales, NF4_LEVELS)             # (blocks, 16)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().reshape(-1)
    if flat.numel() == 0:
        return tensor.new_empty(tensor.shape, dtype=torch.uint8), flat.new_empty(0)
    scales = torch.cat([c.abs().max(0, keepdim=True)[0] for c in torch.split(flat, block_size)])
    tables = _tables(scales)
    codes = torch.cat([(c[:, None] - t).abs().argmin(1) for c, t in zip(torch.split(flat, block_size), tables)])
    zero = (scales == 0).repeat_interleave(block_size)[: flat.numel()]
    codes = codes.masked_fill(zero, 7)                  # all 16 distances are 0 there
    return codes.view(tensor.shape).type(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    position = torch.arange(codes.numel()).view(codes.shape)
    return _tables(scales).take(position // block_size * 16 + codes.long())
