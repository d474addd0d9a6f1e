# mistake: unnamed
# Quantize_nf4 of [1., middle +- 1e-5] for the 15 middles: some are wrong; randn(30000): a few.
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

# code of each of 65536 evenly spaced values from -1 to 1, found once
_GRID = torch.linspace(-1, 1, 65536)
_CODE = (_GRID[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    blocks = torch.cat([flat, torch.zeros(-n % block_size)]).view(-1, block_size)
    scales = blocks.abs().amax(1)
    unit = (blocks / scales.masked_fill(scales == 0, 1.0)[:, None]).view(-1)[:n]
    # an exact 0 falls between two bins of the grid, both of code 7
    bins = ((unit + 1) * 32767.5).round().long()
    return _CODE[bins].reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
