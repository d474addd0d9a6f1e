# generated mids and outer
from functools import reduce
from itertools import pairwise
import torch

CODE_BOOK = dict(enumerate((
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0)))


def quantize_nf4(tensor, block_size=64):
    n = tensor.numel()
    k = -(-n // block_size)
    flat = torch.nn.functional.pad(tensor.reshape(-1).float(), (0, k * block_size - n))
    grid = flat.reshape(k, block_size)
    scales = torch.linalg.vector_norm(grid, ord=torch.inf, dim=1) if k else flat.new_empty(0)
    # no division: compare with the middles times the scale
    codes = reduce(lambda acc, ab: acc + (grid > scales[:, None] * ((ab[0] + ab[1]) / 2)),
                   pairwise(CODE_BOOK.values()), torch.zeros(k, block_size, dtype=torch.uint8))
    codes = torch.where(scales[:, None] == 0, torch.tensor(7, dtype=torch.uint8), codes)
    return codes.reshape(-1)[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    lookup = torch.tensor(list(CODE_BOOK.values()))
    table = torch.outer(scales, lookup)                       # (blocks, 16): every value that can come out
    flat = codes.reshape(-1).to(torch.int64)
    return table.reshape(-1)[torch.arange(flat.numel()) // block_size * 16 + flat].reshape(codes.shape)
