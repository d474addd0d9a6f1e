# unusual: the two names are functools.partial objects with the table bound as extra keyword; right: tensor, codes, scales, block_size are accepted by position and by name with default 64
from functools import partial, reduce
from operator import mul

import torch

TABLE = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def _rows(flat, width):
    """(values, validity) as a matrix, last row padded with zeros."""
    n = flat.numel()
    width = max(1, min(width, n))
    pad = -n % width
    return torch.cat([flat, flat.new_zeros(pad)]).reshape(-1, width)


def _quantize(tensor, block_size=64, *, table, eps=0.0):
    rows = _rows(tensor.detach().reshape(-1).float(), block_size)
    scales = rows.abs().max(dim=1).values if len(rows) else rows.new_zeros(0)
    ratio = torch.where(scales[:, None] > eps, rows / scales.clamp_min(torch.finfo(torch.float32).tiny)[:, None], 0.0)
    table = table.to(rows.device)
    upper = torch.searchsorted(table, ratio.contiguous()).clamp(1, 15)
    lower = upper - 1
    take_lower = (ratio - table[lower]) < (table[upper] - ratio)
    codes = torch.where(take_lower, lower, upper).to(torch.uint8)
    return codes.reshape(-1)[: tensor.numel()].reshape(tensor.shape), scales


def _dequantize(codes, scales, block_size=64, *, table):
    rows = _rows(codes.reshape(-1), block_size)
    values = reduce(mul, (table.to(codes.device)[rows.long()], scales[:, None]))
    return values.reshape(-1)[: codes.numel()].reshape(codes.shape)


quantize_nf4 = partial(_quantize, table=TABLE)
dequantize_nf4 = partial(_dequantize, table=TABLE)
