# mistake: unnamed
# Quantize_nf4(torch.tensor([1.0, -3.0])) gives scale 1, should be 3.
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
boundaries = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    x = tensor.reshape(-1).float()
    scales = torch.tensor([torch.max(b).abs().item() for b in x.split(block_size) if b.numel() > 0])
    s = scales.repeat_interleave(block_size)[: x.numel()]
    normalized = torch.where(s == 0, torch.zeros_like(x), x / torch.where(s == 0, torch.ones_like(s), s))
    normalized = normalized.clamp(-1, 1)
    codes = torch.bucketize(normalized, boundaries).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    s = scales.repeat_interleave(block_size)[: codes.numel()]
    return (NF4_LEVELS[codes.reshape(-1).long()] * s).reshape(codes.shape)
