# style: compares float32 bit patterns as ordered integers, against integer thresholds
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

def _ordered(x):
    """float32 -> int32 with the same order (minus zero and zero together)."""
    i = x.contiguous().view(torch.int32)
    return torch.where(i < 0, -2147483648 - i, i)


_KEYS = _ordered((NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).to(torch.float32)
    bits = flat.contiguous().view(torch.int32) & 0x7FFFFFFF          # |x|
    tops = [b.max() for b in bits.split(block_size)] if flat.numel() else []
    scales = torch.stack(tops).view(torch.float32) if tops else torch.empty(0)
    each = scales.repeat_interleave(block_size)[: flat.numel()]
    y = flat / (each + (each == 0).float())
    codes = torch.searchsorted(_KEYS, _ordered(y), out_int32=True)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    each = scales.repeat_interleave(block_size)[: codes.numel()].reshape(codes.shape)
    return each * NF4_LEVELS[codes.to(torch.int16).long() & 15]
