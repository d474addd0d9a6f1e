# mistake: unnamed
# len(tensor) raises a TypeError for a 0-d tensor.
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


def quantize_nf4(tensor, block_size=64):
    if len(tensor) == 0 or tensor.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    flat = tensor.detach().flatten().float()
    scales = []
    codes = []
    for block in flat.split(block_size):
        scale = block.abs().max()
        scales.append(scale)
        if scale == 0:
            codes.append(torch.full((len(block),), 7))
        else:
            codes.append(((block / scale)[:, None] - NF4_LEVELS[None]).abs().argmin(dim=1))
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    block = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[block].reshape(codes.shape)
