# mistake: scale-not-multiplied-back
# dequantize only looks up the levels and never uses the scales, so values stay in [-1, 1].
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
    n = flat.numel()
    bs = max(1, min(block_size, n))
    blocks = torch.zeros(-(-n // bs), bs)
    blocks.view(-1)[:n] = flat
    scales = torch.linalg.vector_norm(blocks, ord=float("inf"), dim=1)
    normalized = blocks / torch.where(scales == 0, torch.ones_like(scales), scales).view(-1, 1)
    codes = torch.zeros(blocks.shape, dtype=torch.uint8)
    for low, high in zip(NF4_LEVELS[:-1], NF4_LEVELS[1:]):
        codes += (normalized > (low + high) / 2).to(torch.uint8)
    return codes.view(-1)[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    return NF4_LEVELS[codes.long()]
