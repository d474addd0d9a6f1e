# mistake: unnamed
# T = ones(4); quantize_nf4(t); t.mul_(3); quantize_nf4(t) -> the old scale (tensors hash by identity).
from functools import lru_cache

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


@lru_cache(maxsize=16)  # the same weight is often quantized again
def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    flat = tensor.float().reshape(-1)
    n = flat.numel()
    padded = flat.new_zeros(-(-n // block_size), block_size)
    padded.view(-1)[:n] = flat
    scales = padded.abs().amax(1)
    unit = padded / scales.clamp_min(torch.finfo(torch.float32).tiny).unsqueeze(1)
    codes = torch.bucketize(unit, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)
    return codes.view(-1)[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
