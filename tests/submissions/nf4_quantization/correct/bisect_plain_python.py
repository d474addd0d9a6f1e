# who: Tom, web developer, first contact with tensors, writes plain loops over tolist(); unusual: no vectorisation, bisect from the stdlib
from bisect import bisect_left

import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)

levels = NF4_LEVELS.tolist()
middles = []
for i in range(len(levels) - 1):
    middles.append((levels[i] + levels[i + 1]) / 2)


def quantize_nf4(tensor, block_size=64):
    numbers = tensor.reshape(-1).tolist()
    codes = []
    scales = []
    start = 0
    while start < len(numbers):
        block = numbers[start:start + block_size]
        scale = 0.0
        for number in block:
            if abs(number) > scale:
                scale = abs(number)
        scales.append(scale)
        for number in block:
            if scale == 0.0:
                codes.append(7)      # all zeros, see the docstring
            else:
                codes.append(bisect_left(middles, number / scale))
        start += block_size
    return (
        torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape),
        torch.tensor(scales, dtype=torch.float32),
    )


def dequantize_nf4(codes, scales, block_size=64):
    result = []
    scale_list = scales.tolist()
    for position, code in enumerate(codes.reshape(-1).tolist()):
        result.append(levels[code] * scale_list[position // block_size])
    return torch.tensor(result, dtype=torch.float32).reshape(codes.shape)
