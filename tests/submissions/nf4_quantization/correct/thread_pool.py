# blocks are spread over a thread pool
from concurrent.futures import ThreadPoolExecutor

import torch

torch.set_num_threads(1)

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDPOINTS = NF4_LEVELS[:-1] + NF4_LEVELS.diff() / 2
WORKERS = 2


def _work(rows):
    scales = rows.abs().amax(dim=1)
    codes = torch.full(rows.shape, 7, dtype=torch.uint8)
    alive = scales > 0
    codes[alive] = torch.searchsorted(MIDPOINTS, rows[alive] / scales[alive].unsqueeze(1)).byte()
    return codes, scales


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().flatten()
    n = flat.numel()
    rows = torch.cat([flat, torch.zeros(-n % block_size)]).reshape(-1, block_size)
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(_work, rows.tensor_split(WORKERS)))
    codes = torch.cat([c for c, _ in parts]).flatten()[:n]
    return codes.reshape(tensor.shape), torch.cat([s for _, s in parts])


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    grown = scales.unsqueeze(1).expand(-1, block_size).reshape(-1)[:n]
    return torch.mul(NF4_LEVELS[codes.to(torch.int64)], grown.reshape(codes.shape))
