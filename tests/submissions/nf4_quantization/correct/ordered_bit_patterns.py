# floats are compared as integers: the bit pattern of a float32, its lower 31 bits turned round for negative numbers, is in order
import torch

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def ordered(t):
    """A float32 as an int32 with the same order."""
    bits = t.contiguous().view(torch.int32)
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


CUTS = ordered((LEVELS[:-1] + LEVELS[1:]) / 2)  # 15 integers, ascending


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().reshape(-1)
    pieces = values.split(block_size) if values.numel() else ()
    scales = torch.tensor([p.abs().max() for p in pieces], dtype=torch.float32, device=values.device)
    divisor = torch.where(scales == 0, 1, scales).double()
    which = torch.arange(values.numel(), device=values.device) // block_size
    keys = ordered((values.double() / divisor[which]).float())
    codes = torch.zeros(values.numel(), dtype=torch.uint8, device=values.device)
    for cut in CUTS.tolist():
        codes += keys > cut
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1)
    which = torch.arange(flat.numel(), device=flat.device) // block_size
    return (LEVELS.to(flat.device)[flat.int()] * scales[which]).reshape(codes.shape)
