# mistake: unnamed
# Quantize_nf4(torch.tensor([1.0, -3.0])) gives scale -3, should be 3.
"""NF4 in the style of ggml: struct block { float d; uint8_t qs[]; }"""
from typing import NamedTuple

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


class block_nf4(NamedTuple):
    d: float
    qs: list


def quantize_row(x: torch.Tensor) -> block_nf4:
    # ggml: amax and max, "max" is the value with the largest magnitude, so that it is represented exactly
    max_ = x[x.abs().argmax()].item()
    d = max_
    inv = 1.0 / d if d != 0 else 0.0
    y = x * inv
    q = (y[:, None] - NF4_LEVELS[None, :]).abs().argmin(dim=1)
    return block_nf4(d, q.tolist())


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    x = tensor.float().reshape(-1)
    rows = [quantize_row(x[i : i + block_size]) for i in range(0, x.numel(), block_size)]
    qs = [q for row in rows for q in row.qs]
    return (
        torch.tensor(qs, dtype=torch.uint8).reshape(tensor.shape),
        torch.tensor([row.d for row in rows], dtype=torch.float32),
    )


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    y = NF4_LEVELS[codes.reshape(-1).long()]
    for k in range(scales.numel()):
        y[k * block_size : (k + 1) * block_size] *= scales[k]
    return y.reshape(codes.shape)
