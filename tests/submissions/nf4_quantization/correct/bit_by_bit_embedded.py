# who: Grete, embedded engineer, fixed budget of four comparisons; unusual: vectorised binary search, sets the bits 8, 4, 2, 1 of the code in turn
import torch

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

# THRESH[k] separates code k-1 from code k. Entry 0 is never reached by a valid probe.
THRESH = torch.cat((torch.tensor([float("-inf")]), (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) * 0.5))


def _absmax_per_block(flat, block_size):
    whole = flat.numel() // block_size
    head = flat[: whole * block_size].view(whole, block_size)
    out = [head.abs().max(dim=1).values]
    tail = flat[whole * block_size :]
    if tail.numel():
        out.append(tail.abs().max().view(1))
    return torch.cat(out)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.to(torch.float32).contiguous().view(-1)
    scales = _absmax_per_block(flat, block_size)
    idx = torch.arange(flat.numel(), dtype=torch.int64).floor_divide(block_size)
    s = scales[idx]
    ratio = torch.where(s.eq(0), s, flat / s.clamp_min(torch.finfo(torch.float32).tiny))
    code = torch.zeros(flat.numel(), dtype=torch.int64)
    for bit in (8, 4, 2, 1):
        probe = code | bit
        code = torch.where(ratio > THRESH[probe], probe, code)
    return code.to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    out = torch.empty(codes.numel(), dtype=torch.float32)
    torch.take(NF4_LEVELS, codes.contiguous().view(-1).to(torch.int64), out=out)
    idx = torch.arange(codes.numel(), dtype=torch.int64).floor_divide(block_size)
    out.mul_(scales[idx])
    return out.view(codes.shape)
