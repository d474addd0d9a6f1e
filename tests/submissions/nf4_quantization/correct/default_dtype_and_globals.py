# works in float64 by switching the default dtype inside and restoring it; per-block-size global cache
import contextlib

import torch

_CACHE = {}


@contextlib.contextmanager
def double_precision():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def levels():
    if "levels" not in _CACHE:
        _CACHE["levels"] = torch.tensor([float(v) for v in """
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0
        """.split(",")], dtype=torch.float64)
    return _CACHE["levels"]


def block_index(n, block_size):
    key = (n, block_size)
    if key not in _CACHE:
        _CACHE[key] = torch.arange(n) // block_size
    return _CACHE[key]


def quantize_nf4(tensor, block_size=64):
    with double_precision():
        x = tensor.to(torch.get_default_dtype()).flatten()
        idx = block_index(x.numel(), block_size)
        scales = torch.zeros(-(-x.numel() // block_size))
        scales.scatter_reduce_(0, idx, x.abs(), reduce="amax", include_self=True)
        s32 = scales.float()
        d = torch.where(s32[idx] == 0, 1.0, s32[idx].double())
        codes = torch.zeros(x.shape).add_(7).byte()
        table = levels()
        nz = x != 0
        codes[nz] = ((x[nz] / d[nz]).unsqueeze(1) - table).abs().argmin(1).byte()
    return codes.reshape(tensor.shape), s32


def dequantize_nf4(codes, scales, block_size=64):
    with double_precision():
        flat = levels()[codes.flatten().long()] * scales[block_index(codes.numel(), block_size)]
    return flat.float().reshape(codes.shape)
