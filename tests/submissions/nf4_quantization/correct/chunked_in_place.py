# style: memory-conscious: converts block by block, works in place on private copies with out= arguments, cached bounds
from functools import lru_cache

import torch

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

@lru_cache(maxsize=None)
def _bounds(device, dtype):
    levels = NF4_LEVELS.to(device=device, dtype=dtype)
    return levels[1:].add(levels[:-1]).mul_(0.5)


def quantize_nf4(tensor, block_size=64):
    if block_size <= 0:
        raise ValueError("block_size")
    n = tensor.numel()
    src = tensor.reshape(-1)                                # a view or a copy: never written to
    codes = torch.empty(n, dtype=torch.uint8, device=tensor.device)
    scales = torch.empty((n + block_size - 1) // block_size, dtype=torch.float32, device=tensor.device)
    work = torch.empty(min(block_size, n), dtype=torch.float32, device=tensor.device)
    index = torch.empty(min(block_size, n), dtype=torch.int32, device=tensor.device)
    bounds = _bounds(tensor.device, torch.float32)
    for b in range(scales.numel()):
        part = src[b * block_size:(b + 1) * block_size]
        buf, idx = work[: part.numel()], index[: part.numel()]
        buf.copy_(part).abs_()
        torch.amax(buf, dim=0, out=scales[b])
        buf.copy_(part)
        if scales[b].item() != 0.0:
            buf.div_(scales[b])
        torch.bucketize(buf, bounds, out_int32=True, out=idx)
        codes[b * block_size:(b + 1) * block_size].copy_(idx)
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    out = torch.empty(codes.numel(), dtype=torch.float32, device=codes.device)
    levels = NF4_LEVELS.to(codes.device)
    flat = codes.reshape(-1)
    for b in range(scales.numel()):
        piece = slice(b * block_size, (b + 1) * block_size)
        torch.mul(levels[flat[piece].long()], scales[b], out=out[piece])
    return out.view(codes.shape)
