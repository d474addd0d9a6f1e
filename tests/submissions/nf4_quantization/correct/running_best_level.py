# who: Marek, C programmer, loops over the 16 levels and keeps the best so far; unusual: running minimum over levels, memory of one tensor only
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

NLEV = 16


def quantize_nf4(tensor, block_size=64):
    n = tensor.numel()
    src = torch.empty(n, dtype=torch.float32)
    src.copy_(tensor.detach().reshape(-1))       # always a fresh buffer, so in-place is ok below
    nblk = n // block_size
    if nblk * block_size != n:
        nblk += 1
    absmax = torch.zeros(nblk, dtype=torch.float32)
    for b in range(nblk):
        lo = b * block_size
        hi = lo + block_size
        if hi > n:
            hi = n
        m = src[lo:hi].abs().max()
        absmax[b] = m
        if m != 0:
            src[lo:hi] /= m

    best = torch.full((n,), 1e9)
    code = torch.zeros(n, dtype=torch.uint8)
    for k in range(NLEV):
        d = (src - NF4_LEVELS[k]).abs_()
        better = d < best
        best[better] = d[better]
        code[better] = k
    return code.reshape(tensor.shape), absmax


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    dst = torch.zeros(n, dtype=torch.float32)
    flat = codes.reshape(n)
    for k in range(NLEV):
        dst[flat == k] = NF4_LEVELS[k]
    for b in range(scales.numel()):
        dst[b * block_size:(b + 1) * block_size] *= scales[b]
    return dst.reshape(codes.shape)
