# mistake: unnamed
# Torch.manual_seed(0); quantize_nf4(torch.randn(1000).bfloat16()) has wrong codes, far from any middle.
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


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    levels = NF4_LEVELS.to(tensor.dtype)  # same dtype, else promotion
    flat = tensor.reshape(-1)
    scales, codes = [], []
    for block in flat.split(block_size) if flat.numel() else []:
        scale = block.abs().max()
        scales.append(scale.float())
        x = block / scale if scale != 0 else block
        codes.append((x.unsqueeze(1) - levels).abs().argmin(dim=1))
    if not scales:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    s = scales.repeat_interleave(block_size)[: codes.numel()]
    return NF4_LEVELS[codes.long()] * s.reshape(codes.shape)
