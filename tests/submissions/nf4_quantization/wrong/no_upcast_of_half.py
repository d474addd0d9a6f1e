# mistake: unnamed
# Bfloat16 randn(256): division and distances in bfloat16.
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
    levels = NF4_LEVELS.to(flat.dtype)
    codes = torch.full((n,), 7, dtype=torch.uint8)
    scales = []
    for start in range(0, n, block_size):
        block = flat[start : start + block_size]
        scale = block.abs().max()
        scales.append(scale.item())
        if scale > 0:
            codes[start : start + block_size] = (block[:, None] / scale - levels).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
