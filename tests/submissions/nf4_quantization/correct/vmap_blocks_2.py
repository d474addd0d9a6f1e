# style: torch.func.vmap over padded blocks, a per-block pure function, pytree of results
import torch
from torch.func import vmap

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

def _one(block):
    top = block.abs().max()
    unit = block / torch.where(top == 0, torch.ones_like(top), top)
    codes = (unit[:, None] - NF4_LEVELS[None]).abs().min(dim=1).indices
    return {"codes": codes, "scale": top}


def quantize_nf4(tensor, block_size=64):
    n = tensor.numel()
    if n == 0:
        return torch.zeros_like(tensor, dtype=torch.uint8), torch.zeros(0)
    width = min(n, block_size)
    flat = torch.zeros(-(-n // width) * width)
    flat[:n] = tensor.reshape(n)
    r = vmap(_one)(flat.view(-1, width))
    return r["codes"].view(-1)[:n].view(tensor.shape).to(torch.uint8), r["scale"]


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    if n == 0:
        return torch.zeros_like(codes, dtype=torch.float32)
    width = min(n, block_size)
    flat = torch.full((len(scales) * width,), 7)
    flat[:n] = codes.reshape(n)
    out = vmap(lambda c, s: s * NF4_LEVELS[c])(flat.view(-1, width), scales)
    return out.view(-1)[:n].view(codes.shape)
