# mistake: unnamed
# Dequantize_nf4(torch.tensor(15, dtype=torch.uint8), torch.tensor([3.0])); then dequantize_nf4(torch.tensor([15], dtype=torch.uint8), torch.tensor([1.0])) is 3, should be 1.
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


def lengths_of(n: int, block_size: int) -> torch.Tensor:
    full, rest = divmod(n, block_size)
    return torch.tensor([block_size] * full + ([rest] if rest else []), dtype=torch.long)


@torch.no_grad()
def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """See the exercise sheet."""
    flat = tensor.reshape(-1).to(torch.float32)
    if not flat.numel():
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0, dtype=torch.float32)
    lengths = lengths_of(flat.numel(), block_size)
    scales = torch.segment_reduce(flat.abs(), "max", lengths=lengths)
    s = scales.repeat_interleave(lengths)
    dead = s == 0
    u = flat.div(s.masked_fill(dead, 1.0))
    # nearest of two neighbours of every value
    right = torch.bucketize(u, NF4_LEVELS).clamp_(max=15)
    left = (right - 1).clamp_(min=0)
    gap_r = (NF4_LEVELS[right] - u).abs()
    gap_l = (u - NF4_LEVELS[left]).abs()
    codes = torch.where(gap_l <= gap_r, left, right)
    codes[dead] = 7
    return codes.to(torch.uint8).reshape(tensor.shape), scales


@torch.no_grad()
def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    """See the exercise sheet."""
    s = scales.repeat_interleave(lengths_of(codes.numel(), block_size))
    return NF4_LEVELS[codes.long()].mul_(s.reshape(codes.shape))
