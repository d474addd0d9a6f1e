# mistake: unnamed
# A block of zeros adds no scale to the list, so there are too few scales and later blocks are matched with wrong ones.
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
    flat = tensor.detach().float().reshape(-1)
    codes = torch.full((flat.numel(),), 7, dtype=torch.uint8)
    scales = []
    for start in range(0, flat.numel(), block_size):
        block = flat[start:start + block_size]
        if not block.any():
            continue  # nothing to do, the codes are 7 already
        scale = block.abs().max()
        codes[start:start + block_size] = (block[:, None] / scale - NF4_LEVELS).abs().argmin(dim=1).to(torch.uint8)
        scales.append(scale.item())
    return codes.reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.reshape(-1).long()]
    s = scales[torch.arange(values.numel()) // block_size]
    return (values * s).reshape(codes.shape)
