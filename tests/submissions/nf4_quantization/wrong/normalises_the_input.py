# mistake: unnamed
# T = torch.tensor([2.0, -1.0]); quantize_nf4(t); t is [1, -0.5].
import torch
from torch import nn

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
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


@torch.no_grad()
def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    work = tensor.reshape(-1).float()
    scales = work.new_zeros((work.numel() + block_size - 1) // block_size)
    for i in range(len(scales)):
        block = work[i * block_size : (i + 1) * block_size]
        scales[i] = block.abs().max()
        if scales[i] > 0:
            block.div_(scales[i])
    codes = torch.stack([(work - level).abs() for level in NF4_LEVELS]).argmin(0)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


@torch.no_grad()
def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    per_value = scales.repeat_interleave(block_size)[: codes.numel()]
    return NF4_LEVELS[codes.long()] * per_value.reshape(codes.shape)
