# mistake: signed-max-scale
# The scale is the value of largest magnitude with its sign, so blocks whose peak is negative get a negative scale and mirrored codes.
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
    if n == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    bs = min(block_size, n)
    pad = (-n) % bs
    blocks = torch.cat([flat, flat.new_zeros(pad)]).view(-1, bs)
    where = blocks.abs().argmax(dim=1, keepdim=True)
    scales = blocks.gather(1, where)
    safe = torch.where(scales == 0, torch.ones_like(scales), scales)
    codes = (blocks.div(safe)[..., None] - NF4_LEVELS).abs().argmin(-1)
    return codes.flatten()[:n].to(torch.uint8).view(tensor.shape), scales.flatten()


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    idx = torch.arange(n) // block_size
    return NF4_LEVELS[codes.long()] * scales[idx].reshape(codes.shape)
