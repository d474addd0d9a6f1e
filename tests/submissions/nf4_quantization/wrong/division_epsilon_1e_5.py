# mistake: unnamed
# The values are divided by scale + 1e-5, so blocks with a scale of about 1e-3 or less get wrong codes.
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
MIDDLES = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().to(torch.float32).reshape(-1)
    ids = torch.arange(flat.numel()) // block_size
    scales = torch.zeros(-(-flat.numel() // block_size)).scatter_reduce_(0, ids, flat.abs(), reduce="amax")
    codes = torch.searchsorted(MIDDLES, flat / (scales[ids] + 1e-5))
    return codes.to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].view(codes.shape)
