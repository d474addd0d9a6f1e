# mistake: partial-block-padding-counted
# The last block is padded with ones before the maximum is taken, so its scale is at least 1 and its codes follow.
import torch
import torch.nn.functional as F

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
    # never more padding than needed for one block
    bs = min(block_size, n + 1)
    padded = F.pad(flat, (0, -n % bs), value=1.0)
    blocks = padded.view(-1, bs)
    scales = blocks.abs().amax(dim=1)
    unit = blocks / torch.where(scales > 0, scales, torch.ones(())).unsqueeze(1)
    codes = (unit.unsqueeze(2) - NF4_LEVELS).abs().argmin(dim=2).to(torch.uint8)
    return codes.reshape(-1)[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()).reshape(codes.shape) // block_size
    return NF4_LEVELS[codes.int()] * scales[ids]
