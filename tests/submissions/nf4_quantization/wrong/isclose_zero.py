# mistake: unnamed
# Quantize_nf4(torch.tensor([5e-9, -5e-9])) gives scale 0, should be 5e-9.
import math

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


def is_zero(number: float) -> bool:
    """Never compare floats with ==, my professor says."""
    return math.isclose(number, 0.0, abs_tol=1e-8)


def nearest_level(value: float) -> int:
    best = 0
    for index, level in enumerate(NF4_LEVELS.tolist()):
        if abs(level - value) < abs(NF4_LEVELS_LIST[best] - value):
            best = index
    return best


NF4_LEVELS_LIST = NF4_LEVELS.tolist()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    values = tensor.flatten().tolist()
    codes = []
    scales = []
    for start in range(0, len(values), block_size):
        block = values[start : start + block_size]
        scale = max(abs(v) for v in block)
        if is_zero(scale):
            scales.append(0.0)
            codes.extend([7] * len(block))
        else:
            scales.append(scale)
            codes.extend(nearest_level(v / scale) for v in block)
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    out = [NF4_LEVELS_LIST[c] * scales[i // block_size].item() for i, c in enumerate(codes.flatten().tolist())]
    return torch.tensor(out, dtype=torch.float32).reshape(codes.shape)
