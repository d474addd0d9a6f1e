# torch.segment_reduce for the scales; a sparse diagonal matrix divides by them and multiplies with them
import torch

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)


def diagonal(entries):
    i = torch.arange(len(entries), device=entries.device)
    return torch.sparse_coo_tensor(torch.stack([i, i]), entries.double(), (len(entries),) * 2, check_invariants=False)


def as_rows(flat, block_size):
    """(blocks, length of a block), the last row filled up with zeros."""
    width = min(block_size, len(flat))
    rows = flat.new_zeros(-(-len(flat) // width), width)
    rows.view(-1)[: len(flat)] = flat
    return rows


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().double().reshape(-1)
    n = len(flat)
    if n == 0:
        return torch.zeros_like(tensor, dtype=torch.uint8, requires_grad=False), flat.float()
    full, rest = divmod(n, block_size)
    lengths = torch.tensor([block_size] * full + [rest] * (rest > 0), device=flat.device)
    scales = torch.segment_reduce(flat.abs(), "max", lengths=lengths).float()
    inverse = torch.where(scales > 0, 1 / scales.double().clamp(min=1e-300), 0.0)
    u = torch.sparse.mm(diagonal(inverse), as_rows(flat, block_size))
    gap = (u.unsqueeze(-1) - LEVELS.to(u.device)).abs()
    codes = gap.sort(dim=-1, stable=True).indices[..., 0]
    return codes.reshape(-1)[:n].reshape(tensor.shape).byte(), scales


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return codes.float()
    rows = as_rows(LEVELS.to(codes.device)[codes.reshape(-1).long()], block_size)
    product = torch.sparse.mm(diagonal(scales), rows)
    return product.reshape(-1)[: codes.numel()].float().reshape(codes.shape)
