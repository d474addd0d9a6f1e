# bucketize with right=True, so a tie goes to the upper neighbour; returns a NamedTuple
from typing import NamedTuple

import torch
from torch import Tensor

NF4_LEVELS: Tensor = torch.tensor(
    (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    )
)
BOUNDARIES: Tensor = torch.lerp(NF4_LEVELS[:-1], NF4_LEVELS[1:], 0.5)


class Quantized(NamedTuple):
    codes: Tensor
    scales: Tensor


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> Quantized:
    values = tensor.to(torch.float64).ravel()
    n = values.numel()
    padded = values.new_zeros((n + block_size - 1) // block_size * block_size)
    padded[:n] = values
    blocks = padded.unflatten(0, (-1, block_size)) if n else padded.view(0, block_size)
    scales = blocks.abs().amax(1, keepdim=True)
    quotients = torch.nan_to_num(blocks / scales, nan=0.0)
    codes = torch.bucketize(quotients.float(), BOUNDARIES, right=True)
    return Quantized(codes.ravel()[:n].reshape(tensor.shape).byte(), scales.squeeze(1).float())


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    out = torch.index_select(NF4_LEVELS, 0, codes.reshape(-1).int())
    for number, scale in enumerate(scales):
        out[number * block_size : (number + 1) * block_size] *= scale
    return out.reshape(codes.shape)
