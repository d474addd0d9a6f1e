# unusual: module-level caches of the block index and of the table for each device/dtype, scatter_reduce for the scales; right: cached tensors are never returned nor written
import functools

import torch

_VALUES = (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0)


@functools.cache
def _levels(device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor(_VALUES, device=device, dtype=dtype)


@functools.lru_cache(maxsize=32)
def _index(n: int, block_size: int, device: torch.device) -> torch.Tensor:
    return torch.arange(n, device=device).floor_divide(block_size)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64, *, compute_dtype: torch.dtype = torch.float64):
    v = tensor.detach().to(compute_dtype).reshape(-1)
    idx = _index(v.numel(), block_size, v.device)
    n_blocks = int(idx[-1]) + 1 if v.numel() else 0
    scales = torch.zeros(n_blocks, dtype=compute_dtype, device=v.device)
    scales = scales.scatter_reduce(0, idx, v.abs(), "amax", include_self=True)
    gathered = scales.gather(0, idx)
    inv = torch.where(gathered == 0, 0.0, gathered.reciprocal())     # 1/0 = inf in torch, silently, and dropped here
    x = v * inv
    lev = _levels(v.device, compute_dtype)
    codes = torch.cdist(x[:, None], lev[:, None], p=1.0).argmin(dim=1) if v.numel() else idx
    return codes.to(torch.uint8).reshape(tensor.shape), scales.to(torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64, *, out: torch.Tensor | None = None):
    lev = _levels(codes.device, torch.float32)
    idx = _index(codes.numel(), block_size, codes.device).view(codes.shape)
    result = torch.mul(lev[codes.long()], scales.to(torch.float32)[idx])
    return result if out is None else out.copy_(result)
