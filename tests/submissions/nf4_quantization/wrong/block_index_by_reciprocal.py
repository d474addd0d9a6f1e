# mistake: unnamed
# Block_size=41, value 41 falls into block 0 (float32 41 * (1/41) < 1); powers of two are right; the pair is consistent.
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


def _block_index(n, block_size):
    return (torch.arange(n, dtype=torch.float32) * (1.0 / block_size)).long()


def quantize_nf4(tensor, block_size=64):
    x = tensor.float().reshape(-1)
    n = x.numel()
    idx = _block_index(n, block_size)
    scales = torch.zeros(-(-n // block_size)).scatter_reduce_(0, idx, x.abs(), reduce="amax")
    unit = x / scales[idx]
    unit[scales[idx] == 0] = 0
    codes = sum(((unit > (lo + hi) / 2).to(torch.uint8) for lo, hi in zip(NF4_LEVELS, NF4_LEVELS[1:])), torch.zeros(n, dtype=torch.uint8))
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    idx = _block_index(codes.numel(), block_size).reshape(codes.shape)
    return NF4_LEVELS[codes.long()] * scales[idx]
