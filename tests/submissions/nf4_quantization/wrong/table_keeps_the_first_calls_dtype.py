# mistake: unnamed
# Quantize_nf4(bfloat16 ...) first, then quantize_nf4(float32 randn(4096)): the middles stay bfloat16.
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

_middles_on = {}


def _middles(like):
    """The 15 middles of neighbours, one copy for each device."""
    if like.device not in _middles_on:
        _middles_on[like.device] = ((NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).to(like)
    return _middles_on[like.device].float()


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().reshape(-1)
    n = flat.numel()
    blocks = torch.nn.functional.pad(flat, (0, -n % block_size)).unflatten(0, (-1, block_size)) if n else flat.reshape(0, block_size)
    scales = blocks.abs().amax(dim=1)
    unit = blocks / scales.where(scales > 0, torch.ones_like(scales)).unsqueeze(1)
    codes = torch.searchsorted(_middles(tensor), unit.flatten()[:n])
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
