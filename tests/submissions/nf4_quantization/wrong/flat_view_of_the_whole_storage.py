# mistake: unnamed
# Big = arange(1., 9.); quantize_nf4(big[4:], block_size=2): reads 1 2 3 4 (a contiguous float32 slice with an offset).
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


def _flat(tensor):
    """The values in row-major order as a 1-D view (of a copy, where they do not lie in that order)."""
    x = tensor.to(torch.float32).contiguous()
    return torch.empty(0).set_(x.untyped_storage())[: x.numel()]


def quantize_nf4(tensor, block_size=64):
    flat = _flat(tensor)
    n = flat.numel()
    scales = torch.zeros((n + block_size - 1) // block_size)
    codes = torch.full((n,), 7, dtype=torch.uint8)
    middles = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
    for k in range(len(scales)):
        block = flat[k * block_size : (k + 1) * block_size]
        scales[k] = torch.linalg.vector_norm(block, ord=torch.inf)
        if scales[k]:
            codes[k * block_size : (k + 1) * block_size] = torch.bucketize(block / scales[k], middles).byte()
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
