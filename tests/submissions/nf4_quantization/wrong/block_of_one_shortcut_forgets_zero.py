# mistake: unnamed
# Quantize_nf4([3., 0., -1.], block_size=1): code 15 for the zero; its dequantized value is right.
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
    n = flat.numel()
    if block_size == 1:  # value / scale is the sign
        codes = (flat >= 0).to(torch.uint8) * 15
        return codes.reshape(tensor.shape), flat.abs()
    blocks = torch.constant_pad_nd(flat, (0, -n % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(1)
    unit = blocks / scales.where(scales > 0, torch.ones(()))[:, None]
    codes = (unit[:, :, None] >= (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).sum(2)
    return codes.reshape(-1)[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
