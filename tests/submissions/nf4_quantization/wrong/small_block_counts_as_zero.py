# mistake: unnamed
# Quantize_nf4(1e-8 * [1., -1.]): codes 7 7 (below float32's eps); the scale is right.
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
    blocks = torch.nn.functional.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(dim=1)
    is_zero = scales < torch.finfo(torch.float32).eps
    unit = blocks.div(scales.masked_fill(is_zero, 1.0).unsqueeze(1))
    codes = unit.unsqueeze(2).sub(NF4_LEVELS).abs().argmin(2)
    return codes.flatten()[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
