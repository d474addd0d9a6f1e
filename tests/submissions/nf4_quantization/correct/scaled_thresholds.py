# no division: the thresholds are multiplied by the block's scale instead
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)
HALFWAY = NF4_LEVELS.unfold(0, 2, 1).mean(-1)


def quantize_nf4(tensor, block_size=64):
    x = tensor.reshape(-1).to(torch.float64)
    n = x.numel()
    rows = x.new_zeros(-(-n // block_size), block_size)
    rows.view(-1)[:n] = x
    absmax = rows.abs().amax(1)
    thresholds = absmax[:, None] * HALFWAY
    codes = torch.searchsorted(thresholds, rows)
    codes[absmax == 0] = 7
    return codes.view(-1)[:n].to(torch.uint8).reshape(tensor.shape), absmax.to(torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    rows = torch.zeros(-(-n // block_size), block_size, dtype=torch.int64)
    rows.view(-1)[:n] = codes.reshape(-1)
    values = NF4_LEVELS.expand(len(rows), 16).gather(1, rows) * scales.double()[:, None]
    return values.view(-1)[:n].float().reshape(codes.shape)
