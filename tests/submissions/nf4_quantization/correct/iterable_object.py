# the result is an object that can be unpacked; the levels are memoised, the codes count the middles below a value
import dataclasses
import functools

import torch


@functools.cache
def levels():
    return torch.tensor([
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
        -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
        0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ], dtype=torch.float64)


@functools.cache
def middles():
    return (levels()[1:] + levels()[:-1]) / 2


@dataclasses.dataclass(frozen=True)
class Blocks:
    codes: torch.Tensor
    scales: torch.Tensor

    def __iter__(self):
        yield from (self.codes, self.scales)


def quantize_nf4(tensor, block_size=64):
    with torch.inference_mode():
        x = tensor.double().reshape(-1)
        number = torch.arange(len(x)).div(block_size, rounding_mode="floor")
        scales = torch.zeros(-(-len(x) // block_size), dtype=torch.float64)
        scales.index_reduce_(0, number, x.abs(), "amax")
        unit = torch.nan_to_num(x / scales[number].clamp(min=torch.finfo(torch.float64).tiny))
        codes = sum((unit > middle).to(torch.uint8) for middle in middles().tolist())
    codes = torch.zeros(0, dtype=torch.uint8) if isinstance(codes, int) else codes
    return Blocks(codes.clone().reshape(tensor.shape), scales.float())


def dequantize_nf4(codes, scales, block_size=64):
    spread = scales[:, None].expand(-1, block_size).reshape(-1)[: codes.numel()]
    return levels().float()[codes.int()] * spread.reshape(codes.shape)
