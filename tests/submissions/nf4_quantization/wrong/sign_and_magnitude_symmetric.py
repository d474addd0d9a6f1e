# mistake: unnamed
# Quantize_nf4([1., -.6]): nearest by the positive levels, mirrored.
import torch
import torch.nn.functional as F

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
    """Find the magnitude's level, then put it on the side of the sign."""
    n = tensor.numel()
    flat = F.pad(tensor.float().reshape(-1), (0, -n % block_size)).reshape(-1, block_size)
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    scales = flat.abs().amax(1)
    magnitude = flat.abs() / scales.where(scales > 0, torch.ones(()))[:, None]
    step = (magnitude.unsqueeze(-1) - NF4_LEVELS[7:]).abs().argmin(-1)  # 0 ... 8
    codes = torch.where(flat < 0, 7 - step.clamp(max=7), 7 + step)
    return codes.reshape(-1)[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
