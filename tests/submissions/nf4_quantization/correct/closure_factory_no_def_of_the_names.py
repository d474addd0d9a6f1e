# unusual: neither name has a def, both come as a pair of closures from a factory by tuple assignment, the table is called CODEBOOK and is a tuple; right: the name of the level table is not graded
import operator
from itertools import accumulate, pairwise, repeat

import torch

CODEBOOK = (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0)


def make_codec(levels, default_block=64, *, dtype=torch.float64):
    table = torch.tensor(levels, dtype=dtype)
    cuts = torch.tensor([sum(p) / 2 for p in pairwise(levels)], dtype=dtype)
    zero_code = levels.index(0.0)

    def bounds(n, step):
        yield from zip(range(0, n, step), (*range(step, n, step), n))

    def enc(tensor, block_size=default_block):
        src = tensor.detach().to(dtype).contiguous().view(-1)
        scale = []
        codes = src.new_full(src.shape, zero_code, dtype=torch.uint8)
        for lo, hi in bounds(src.numel(), block_size):
            if lo == hi:
                break
            part = src.narrow(0, lo, hi - lo)
            top = max(part.max().item(), -part.min().item())
            scale.append(abs(top))
            if top:
                codes.narrow(0, lo, hi - lo).copy_(torch.bucketize(part / top, cuts))
        return codes.view(tensor.shape), torch.tensor(scale, dtype=torch.float32)

    def dec(codes, scales, block_size=default_block):
        n = codes.numel()
        idx = torch.zeros(n, dtype=torch.long)
        idx[block_size::block_size] = 1          # steps where a new block begins ...
        idx = idx.cumsum(0)                      # ... summed up: the number of the block
        flat = table[codes.reshape(-1).long()] * scales.to(dtype)[idx]
        return flat.to(torch.float32).reshape(codes.shape)

    return enc, dec


quantize_nf4, dequantize_nf4 = make_codec(CODEBOOK)
