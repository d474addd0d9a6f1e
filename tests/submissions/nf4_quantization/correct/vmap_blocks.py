# torch.vmap over the blocks; a one-hot product picks the levels
import torch
from torch.nn.functional import one_hot

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def _code(value, scale):
    return torch.argmin(torch.abs(value / scale - NF4_LEVELS))


_codes_of_block = torch.vmap(_code, in_dims=(0, None))
_codes_of_blocks = torch.vmap(_codes_of_block)


def quantize_nf4(tensor, block_size=64):
    x = tensor.flatten().float()
    n = x.numel()
    if n == 0:
        return torch.zeros_like(tensor, dtype=torch.uint8), torch.zeros(0)
    block_size = min(block_size, n)
    rows = torch.zeros(-(-n // block_size), block_size)
    rows.view(-1)[:n].copy_(x)
    scales, _ = rows.abs().max(dim=-1)
    codes = _codes_of_blocks(rows, torch.where(scales.bool(), scales, 1.0))
    return codes.view(-1)[:n].view(tensor.shape).byte(), scales


def dequantize_nf4(codes, scales, block_size=64):
    level = (one_hot(codes.long(), 16).float() * NF4_LEVELS).sum(-1)
    if codes.numel() == 0:
        return level
    block = torch.arange(codes.numel()) // block_size
    return level * scales[block].view_as(level)
