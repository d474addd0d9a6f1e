# the code is the number of midpoints below the value; no search function at all
import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=torch.float64)
MIDDLES = [float(NF4_LEVELS[i] + NF4_LEVELS[i + 1]) / 2 for i in range(15)]


def quantize_nf4(tensor, block_size=64):
    shape = tensor.shape
    x = tensor.double().flatten()
    n = len(x)
    block_of = torch.arange(n).div(block_size, rounding_mode="floor")
    n_blocks = int(block_of[-1]) + 1 if n else 0
    scales = torch.zeros(n_blocks, dtype=torch.float64).scatter_reduce(0, block_of, x.abs(), "amax")
    s = scales[block_of]
    s = torch.where(s == 0, 1.0, s)
    x = x / s
    codes = torch.zeros(n, dtype=torch.uint8)
    for middle in MIDDLES:
        codes += x > middle
    return codes.reshape(shape), scales.to(torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.flatten()
    block_of = torch.arange(len(flat)).div(block_size, rounding_mode="floor")
    return (NF4_LEVELS[flat.long()] * scales[block_of].double()).float().reshape(codes.shape)
