# unusual: nearest level as the largest linear score x*l - l*l/2 (a Voronoi classifier) by einsum, dequantizing by one-hot @ levels, all in float64; right: argmin (x-l)^2 = argmax of that score
import torch
from torch.nn.functional import one_hot

ell = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=torch.float64)
half_norm = torch.einsum("k,k->k", ell, ell) / 2


def _partition(n: int, block_size: int) -> torch.Tensor:
    """block number of each value"""
    return torch.arange(n) // block_size


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.ravel(tensor.detach()).double()
    b = _partition(x.numel(), block_size)
    _, counts = torch.unique_consecutive(b, return_counts=True)
    s = torch.segment_reduce(x.abs(), "max", lengths=counts) if x.numel() else x[:0]
    u = torch.where(s[b] == 0, torch.zeros_like(x), x / s[b])
    score = torch.einsum("n,k->nk", u, ell) - half_norm
    codes = torch.argmax(score, dim=1)
    return codes.to(torch.uint8).reshape(tensor.shape), s.to(torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    c = torch.ravel(codes).long()
    C = one_hot(c, 16).double()                                  # (n, 16)
    S = scales.double()[_partition(c.numel(), block_size)]       # (n,)
    return torch.einsum("nk,k,n->n", C, ell, S).float().reshape(codes.shape)
