# mistake: unnamed
# Quantize_nf4(randn(256), block_size=1) (or 16,384 values at 64): the scales are rounded to 8 bits.
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

GROUP = 256  # QLoRA, section 3: the scales are quantized too, 256 of them at a time


def _double_quantize(scales):
    """Round every whole group of scales to 8 bits; a shorter rest is not worth it."""
    whole = scales.numel() // GROUP * GROUP
    groups = scales[:whole].view(-1, GROUP)
    mean = groups.mean(1, keepdim=True)
    step = (groups - mean).abs().amax(1, keepdim=True).clamp_min(1e-30) / 127
    rounded = ((groups - mean) / step).round() * step + mean
    rounded = torch.where(groups == 0, groups, rounded)
    return torch.cat([rounded.reshape(-1), scales[whole:]])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().reshape(-1)
    n = flat.numel()
    blocks = torch.nn.functional.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(1)
    unit = blocks / scales.masked_fill(scales == 0, 1)[:, None]
    codes = torch.bucketize(unit, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).view(-1)[:n]
    return codes.to(torch.uint8).reshape(tensor.shape), _double_quantize(scales)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
