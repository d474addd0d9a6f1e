# style: builds the four bits from the top, vectorised binary search with gather
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
_T = torch.cat([torch.tensor([-torch.inf]), torch.lerp(NF4_LEVELS[:-1], NF4_LEVELS[1:], 0.5)])


def _absmax(flat, block_size):
    whole = flat.numel() // block_size * block_size
    head = flat[:whole].reshape(-1, block_size).abs()
    tail = flat[whole:].abs()
    head = head.amax(1) if whole else head.new_empty(0)
    return torch.cat([head, tail.max()[None]]) if tail.numel() else head


def quantize_nf4(tensor, block_size=64):
    flat = tensor.to(torch.float32).reshape(-1)
    scales = _absmax(flat, block_size)
    idx = torch.arange(flat.numel()) // block_size
    inv = torch.zeros_like(scales).masked_fill_(scales > 0, 1.0)
    inv[scales > 0] = scales[scales > 0]
    inv[scales == 0] = 1.0
    x = flat / inv[idx]
    code = torch.zeros(flat.shape, dtype=torch.int64)
    for bit in (8, 4, 2, 1):
        trial = code | bit
        code = torch.where(x >= _T.gather(0, trial), trial, code)
    return code.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    return NF4_LEVELS.gather(0, flat).mul(scales.gather(0, torch.arange(flat.numel()) // block_size)).reshape(codes.shape)
