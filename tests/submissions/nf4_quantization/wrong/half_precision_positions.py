# mistake: unnamed
# The block of each value is found from positions held in float16, which are exact up to 2048 only, so longer tensors get wrong scales and codes.
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


def _block_of(n, block_size):
    return torch.floor(torch.arange(n).to(torch.float16).float() / block_size).long()


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    ids = _block_of(n, block_size).clamp(max=max(-(-n // block_size) - 1, 0))
    scales = torch.zeros(-(-n // block_size)).scatter_reduce(0, ids, flat.abs(), "amax")
    safe = torch.where(scales > 0, scales, 1.0)
    codes = ((flat / safe[ids])[:, None] - NF4_LEVELS).abs().argmin(1)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
