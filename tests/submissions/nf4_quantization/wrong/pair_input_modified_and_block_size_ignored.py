# mistake: input-modified + block-size-ignored
# Blocks are always 64 long in both functions, and a contiguous float32 input is normalized in place.
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
    codes, scales = [torch.zeros(0, dtype=torch.uint8)], [torch.zeros(0)]
    for i in range(0, flat.numel(), 64):
        block = flat[i:i + 64]
        s = block.abs().max()
        if s > 0:
            block.div_(s)
        scales.append(s.view(1))
        codes.append((block[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8))
    return torch.cat(codes).reshape(tensor.shape), torch.cat(scales)


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // 64
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
