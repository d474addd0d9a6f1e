# mistake: unnamed
# Bfloat16, more than 256 values (float16: more than 2048): 319 is rounded to 320 and falls into the next block.
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


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1)
    n = flat.numel()
    n_blocks = -(-n // block_size)
    position = torch.arange(n, device=flat.device, dtype=flat.dtype)
    block = (position // block_size).long().clamp(max=max(n_blocks - 1, 0))
    flat = flat.float()
    scales = torch.zeros(n_blocks).scatter_reduce(0, block, flat.abs(), reduce="amax")
    unit = flat / scales.where(scales > 0, torch.ones_like(scales))[block]
    codes = torch.bucketize(unit, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
