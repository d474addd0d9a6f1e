# mistake: unnamed
# The scale is clamped to at least 0.01, so blocks of smaller values (and zero blocks) have a wrong scale and wrong codes.
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
    codes = torch.zeros(flat.numel(), dtype=torch.uint8)
    scales = torch.zeros((flat.numel() + block_size - 1) // block_size)
    for b in range(len(scales)):
        sl = slice(b * block_size, b * block_size + block_size)
        scales[b] = flat[sl].abs().max().clamp_min(1e-2)
        codes[sl] = (flat[sl].div(scales[b]).unsqueeze(-1) - NF4_LEVELS).abs().argmin(-1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.reshape(-1).long()]
    for b, s in enumerate(scales):
        values[b * block_size:(b + 1) * block_size] *= s
    return values.reshape(codes.shape)
