# mistake: low-precision-scale
# The scales are returned as float16, with the wrong dtype and rounded to three digits.
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
    if flat.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0, dtype=torch.float16)
    codes, scales = [], []
    for block in torch.split(flat, block_size):
        scale = block.abs().max()
        unit = block / scale if scale > 0 else torch.zeros_like(block)
        codes.append(torch.argmin((unit[:, None] - NF4_LEVELS[None, :]).abs(), dim=1))
        scales.append(scale)
    # half precision saves memory
    return torch.cat(codes).to(torch.uint8).view(tensor.shape), torch.stack(scales).to(torch.float16)


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    per_value = scales.float()[torch.arange(n) // block_size]
    return NF4_LEVELS[codes.long()] * per_value.view(codes.shape)
