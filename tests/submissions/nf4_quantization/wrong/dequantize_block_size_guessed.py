# mistake: unnamed
# dequantize works out the block size from the numbers of codes and scales, which is wrong when the last of several blocks is shorter.
import math

import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
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


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    n_blocks = math.ceil(n / block_size)
    codes = torch.empty(n, dtype=torch.uint8)
    scales = torch.empty(n_blocks)
    for i in range(n_blocks):
        block = flat[i * block_size:(i + 1) * block_size]
        scales[i] = torch.max(torch.abs(block))
        unit = block / scales[i] if scales[i] != 0 else block
        codes[i * block_size:(i + 1) * block_size] = torch.argmin(torch.abs(unit[:, None] - NF4_LEVELS), dim=1)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    if n == 0:
        return torch.zeros(codes.shape)
    size = math.ceil(n / scales.numel())
    s = scales.repeat_interleave(size)[:n]
    return NF4_LEVELS[codes.long()] * s.reshape(codes.shape)
