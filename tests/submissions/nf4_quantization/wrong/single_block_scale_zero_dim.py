# mistake: unnamed
# squeeze removes the only dimension when there is a single block, so the scales are 0-d instead of 1-D.
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
    bs = min(block_size, max(n, 1))
    blocks = torch.nn.functional.pad(flat, (0, -n % bs)).view(-1, bs)
    scales = blocks.abs().amax(dim=1, keepdim=True)
    unit = blocks / torch.where(scales > 0, scales, 1.0)
    codes = (unit[..., None] - NF4_LEVELS).abs().argmin(-1).view(-1)[:n]
    return codes.to(torch.uint8).reshape(tensor.shape), scales.squeeze()


def dequantize_nf4(codes, scales, block_size=64):
    scales = scales.reshape(-1)
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
