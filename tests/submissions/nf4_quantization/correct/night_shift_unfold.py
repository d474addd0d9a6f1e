# who: Tobias, tired night-shift student, recycled pieces of an older assignment, unused imports and prints; unusual: unfold windows plus one explicit tail, distance by broadcasting in chunks, int32 on the way
import math, sys, random
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from lab import LoRALayer  # not needed in the end

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

DEBUG = False


def nearest(v):
    # v 1-D in [-1,1]. in chunks so that the (n,16) thing is not big
    res = torch.zeros(len(v), dtype=torch.int32)
    for i in range(0, len(v), 1000):
        res[i:i+1000] = torch.min(torch.abs(v[i:i+1000].view(-1, 1) - NF4_LEVELS.view(1, -1)), 1)[1].int()
    return res


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    shape = tensor.shape
    t = tensor.detach().clone().float().reshape(-1)
    n = len(t)
    if n == 0:
        return torch.zeros(shape).to(torch.uint8), torch.zeros(0)
    k = n // block_size
    scs = []
    outs = []
    if k > 0:
        win = t.unfold(0, block_size, block_size)      # drops the tail by itself
        m = win.abs().max(1)[0]
        scs.append(m)
        mm = m.clone()
        mm[m == 0] = 1.
        outs.append((win / mm.view(k, 1)).reshape(-1))
    if n % block_size != 0:
        tail = t[k * block_size:]
        m = tail.abs().max()
        scs.append(m.reshape(1))
        outs.append(tail / m if m > 0 else tail)
    if DEBUG: print(k, [o.shape for o in outs], file=sys.stderr)
    c = nearest(torch.cat(outs))
    return c.reshape(shape).to(torch.uint8), torch.cat(scs)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    out = []
    f = codes.reshape(-1)
    for i in range(math.ceil(len(f) / block_size)):
        out.append(NF4_LEVELS[f[i*block_size:(i+1)*block_size].long()] * scales[i].item())
    if out == []:
        return torch.zeros(codes.shape)
    return torch.cat(out).reshape(codes.shape)
