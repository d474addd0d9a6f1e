# who: Noor, theoretical CS, likes recursion, one pass per block list; unusual: divide and conquer over blocks, codes by recursive partition of the level range with masks
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


def _maxima(blocks):
    """absmax of each block, by halving the list (depth log n)"""
    if len(blocks) <= 1:
        return [blk.abs().max() for blk in blocks]
    h = len(blocks) // 2
    return _maxima(blocks[:h]) + _maxima(blocks[h:])


def _classify(u, where, lo, hi, out):
    """Everything selected by `where` has its nearest level in lo..hi."""
    if where.numel() == 0:
        return
    if lo == hi:
        out[where] = lo
        return
    m = (lo + hi) // 2
    border = (NF4_LEVELS[m] + NF4_LEVELS[m + 1]) / 2
    up = u[where] >= border
    _classify(u, where[~up], lo, m, out)
    _classify(u, where[up], m + 1, hi, out)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    flat = tensor.detach().clone().reshape(-1).float()
    n = flat.numel()
    blocks = list(flat.split(block_size)) if n else []
    scales = torch.stack(_maxima(blocks)) if blocks else torch.zeros(0)
    for blk, s in zip(blocks, scales):
        if s > 0:
            blk.copy_(blk / s)  # a view of my own copy
    codes = torch.empty(n, dtype=torch.uint8)
    _classify(flat, torch.arange(n), 0, 15, codes)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    def go(c, s):
        if s.numel() <= 1:
            return [NF4_LEVELS[c.long()] * s] if c.numel() else []
        h = s.numel() // 2
        return go(c[: h * block_size], s[:h]) + go(c[h * block_size :], s[h:])

    parts = go(codes.reshape(-1), scales)
    return torch.cat(parts).reshape(codes.shape) if parts else torch.zeros(codes.shape)
