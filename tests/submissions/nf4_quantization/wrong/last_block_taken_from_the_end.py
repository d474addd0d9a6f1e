# mistake: unnamed
# Quantize_nf4([1., 9., 1.], block_size=2): second scale 9 (the last block is flat[-2:]).
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
    full, rest = divmod(n, block_size)
    absmax = [flat[: full * block_size].view(full, block_size).abs().amax(1)]
    if rest:
        absmax.append(flat[-block_size:].abs().max().reshape(1))
    scales = torch.cat(absmax)
    per_value = scales.repeat_interleave(block_size)[:n]
    unit = torch.where(per_value > 0, flat / per_value, 0.0)
    codes = torch.stack([(unit - level).abs() for level in NF4_LEVELS]).argmin(0)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
