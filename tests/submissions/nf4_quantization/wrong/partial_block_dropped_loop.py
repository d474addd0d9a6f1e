# mistake: partial-block-dropped
# The loop visits whole blocks only, so a shorter last block has no scale and its codes stay 7.
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
    codes = torch.full(flat.shape, 7, dtype=torch.uint8)
    n_blocks = flat.numel() // block_size
    scales = torch.zeros(n_blocks)
    for i in range(n_blocks):
        lo, hi = i * block_size, (i + 1) * block_size
        scales[i] = flat[lo:hi].abs().max()
        if scales[i] > 0:
            codes[lo:hi] = (flat[lo:hi, None] / scales[i] - NF4_LEVELS).abs().argmin(-1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    out = torch.zeros(flat.shape)
    for i in range(len(scales)):
        lo, hi = i * block_size, (i + 1) * block_size
        out[lo:hi] = NF4_LEVELS[flat[lo:hi]] * scales[i]
    return out.reshape(codes.shape)
