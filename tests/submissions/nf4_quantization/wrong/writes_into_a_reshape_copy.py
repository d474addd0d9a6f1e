# mistake: unnamed
# Quantize_nf4(randn(3, 5).T): codes are never written (empty_like keeps the strides, reshape copies).
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
    flat = tensor.float().reshape(-1)
    codes = torch.zeros_like(tensor, dtype=torch.uint8)
    out = codes.reshape(-1)
    scales = torch.zeros((flat.numel() - 1) // block_size + 1)
    for k, start in enumerate(range(0, flat.numel(), block_size)):
        block = flat[start : start + block_size]
        scales[k] = block.abs().max()
        block = block / scales[k] if scales[k] > 0 else block
        out[start : start + block_size] = (block.view(-1, 1) - NF4_LEVELS).abs().argmin(1).byte()
    return codes, scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
