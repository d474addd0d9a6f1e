# mistake: unnamed
# 1e-8 * [1., .5, -.2] (scale about the eps).
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

EPS = 1e-8


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().flatten()
    codes = torch.zeros(flat.numel(), dtype=torch.uint8)
    scales = torch.zeros((flat.numel() + block_size - 1) // block_size, dtype=torch.float32)
    for i in range(len(scales)):
        part = slice(i * block_size, (i + 1) * block_size)
        block = flat[part]
        scales[i] = block.abs().max()
        normalized = block / (scales[i] + EPS)  # EPS: a block of zeros must not give NaN
        codes[part] = torch.abs(normalized[:, None] - NF4_LEVELS[None, :]).argmin(dim=1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
