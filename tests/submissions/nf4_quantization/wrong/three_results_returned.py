# mistake: unnamed
# quantize returns the shape as a third result, so the pair cannot be unpacked.
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
    original_shape = tensor.shape
    flat = tensor.detach().float().flatten()
    codes = torch.zeros_like(flat, dtype=torch.uint8)
    scales = []
    for start in range(0, flat.numel(), block_size):
        end = start + block_size
        absmax = flat[start:end].abs().max()
        scales.append(absmax)
        if absmax > 0:
            dist = (flat[start:end, None] / absmax - NF4_LEVELS).abs()
            codes[start:end] = dist.argmin(dim=-1).to(torch.uint8)
        else:
            codes[start:end] = 7
    scales = torch.tensor(scales, dtype=torch.float32)
    return codes.reshape(original_shape), scales, original_shape


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
