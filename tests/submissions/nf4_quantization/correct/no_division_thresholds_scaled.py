# unusual: never divides by the scale, compares each value with scale * middle in float64 (a zero block uses scale 1 there); right: the same order of numbers, no NaN possible
import torch

LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=torch.float64)
MID = 0.5 * (LEVELS[1:] + LEVELS[:-1])


def quantize_nf4(tensor, block_size=64):
    v = tensor.detach().to(torch.float64).reshape(-1)
    n = v.shape[0]
    k = -(-n // block_size)
    amax = torch.stack([v[i * block_size:(i + 1) * block_size].abs().max() for i in range(k)]) if k else v.new_zeros(0)
    per = torch.repeat_interleave(amax, torch.tensor([min(block_size, n - i * block_size) for i in range(k)], dtype=torch.long))
    # For amax = 0 every threshold is 0 and v > 0 would count none: use amax = 1 there, 0 lies between MID[6] < 0 < MID[7].
    thr = torch.where(per == 0, 1.0, per)[:, None] * MID
    code = torch.count_nonzero(v[:, None] > thr, dim=1)
    return code.to(torch.uint8).reshape(tensor.shape), amax.to(torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    # a (blocks x 16) table of the products, then one look-up in the flattened table
    table = (scales.to(torch.float64)[:, None] * LEVELS).to(torch.float32)
    flat = codes.reshape(-1).long()
    row = torch.div(torch.arange(flat.numel()), block_size, rounding_mode="trunc")
    return table.reshape(-1)[row * 16 + flat].reshape(codes.shape)
