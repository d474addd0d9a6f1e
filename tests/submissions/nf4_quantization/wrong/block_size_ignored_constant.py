# mistake: block-size-ignored
# Both functions always work in blocks of 64, so any other block_size gives wrong scales and codes.
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

BLOCK_SIZE = 64


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    pad = -n % BLOCK_SIZE
    blocks = torch.nn.functional.pad(flat, (0, pad)).view(-1, BLOCK_SIZE)
    scales = blocks.abs().amax(dim=-1)
    denominators = torch.where(scales == 0, torch.tensor(1.0), scales)
    codes = torch.argmin((blocks[:, :, None] / denominators[:, None, None] - NF4_LEVELS).abs(), dim=-1)
    return codes.view(-1)[:n].to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    expanded = scales.repeat_interleave(BLOCK_SIZE)[:n].view(codes.shape)
    return NF4_LEVELS[codes.long()] * expanded
