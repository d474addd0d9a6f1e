# mistake: unnamed
# Two codes are packed into one byte, so the codes have half the values and are flat, and dequantize expects them so.
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
    codes = (unit[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    if codes.numel() % 2:
        codes = torch.cat([codes, codes.new_tensor([7])])
    packed = (codes[0::2] << 4) | codes[1::2]
    return packed, scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1)
    unpacked = torch.stack([flat >> 4, flat & 0xF], dim=1).reshape(-1).long()
    ids = (torch.arange(unpacked.numel()) // block_size).clamp(max=max(len(scales) - 1, 0))
    return NF4_LEVELS[unpacked] * scales[ids]
