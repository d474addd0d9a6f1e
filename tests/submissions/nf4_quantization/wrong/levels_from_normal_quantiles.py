# mistake: unnamed
# The levels are recomputed from normal quantiles with an offset of 0.995 instead of the paper's, so most levels are off by several percent.
from statistics import NormalDist

import torch


def _make_levels(offset=0.995):
    """Quantiles of the normal distribution, 8 above zero and 7 below, scaled to [-1, 1]."""
    ppf = NormalDist().inv_cdf
    above = [ppf(0.5 + (offset - 0.5) * k / 8) for k in range(1, 9)]
    below = [-ppf(0.5 + (offset - 0.5) * k / 7) for k in range(7, 0, -1)]
    levels = torch.tensor(below + [0.0] + above)
    return levels / levels.abs().max()


NF4_LEVELS = _make_levels()


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    size = min(block_size, max(n, 1))
    blocks = torch.cat((flat, flat.new_zeros(-n % size))).reshape(-1, size)
    scales = blocks.abs().amax(dim=1)
    unit = blocks / torch.where(scales == 0, 1.0, scales)[:, None]
    codes = (unit[:, :, None] - NF4_LEVELS).abs().argmin(dim=2)
    return codes.flatten()[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    s = scales.repeat_interleave(min(block_size, max(n, 1)))[:n]
    return NF4_LEVELS[codes.long()] * s.reshape(codes.shape)
