# mistake: unnamed
# Quantize_nf4(tensor(3.)): codes of shape (1,).
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
    tensor = torch.atleast_1d(tensor).float().contiguous()
    numel = tensor.numel()
    scales = torch.zeros(-(-numel // block_size)).scatter_reduce_(
        0, torch.arange(numel) // block_size, tensor.view(-1).abs(), "amax"
    )
    s = scales.repeat_interleave(block_size)[:numel]
    x = torch.where(s > 0, tensor.view(-1) / s, torch.zeros_like(s))
    codes = torch.bucketize(x, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2, out_int32=True)
    return codes.to(torch.uint8).view_as(tensor), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
