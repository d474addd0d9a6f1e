"""Exercise 4: NF4 quantization, block by block, and back; and the tensors of its cases."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graders import claims
from graders.exercise import Case, Exercise, NotApplicable, Violation
from lora_reference import NF4_LEVELS

exercise = Exercise("nf4_quantization", "NF4 quantization", ("quantize_nf4", "dequantize_nf4"), order=4)
LEVELS = torch.as_tensor(NF4_LEVELS, dtype=torch.float64)
MIDPOINTS = ((LEVELS[1:] + LEVELS[:-1]) / 2).numpy()
TIE = 1e-6  # either neighbour is right this close to the middle of two levels
DEFAULT_BLOCK = 64
Verdict = Violation | NotApplicable | None

SHAPES: tuple[list[int], ...] = (
    [64],
    [1],
    [3],
    [2, 64],
    [128],
    [65],
    [4, 96],
    [100],
    [2, 3],
    [5, 7, 3],
    [2, 2, 64],
    [],
    [0],
    [0, 4],
    [3, 0, 2],
    [2, 3, 4, 5],
    [3, 130],
    [512],
)
BLOCKS = (64, 64, 64, 1, 2, 3, 16, 32, 49, 100, 256)
VALUES = (
    "ones",
    "ints",
    "normal",
    "wide",
    "levels",
    "midpoints",
    "one sign",
    "falling",
    "blocks",
    "far",
    "largest",
    "zeros",
)

VALUE_WORDS = {
    **claims.KIND_WORDS,
    "levels": "exactly at the levels",
    "midpoints": "just beside the middle of two levels",
    "one sign": "of one sign in each block",
    "falling": "smaller from block to block",
    "blocks": "some blocks zero",
    "far": "tiny or huge",
    "largest": "the largest of their dtype",
    "zeros": "all 0",
}

LAYOUT_WORDS = {
    "contiguous": "contiguous",
    "transposed": "transposed",
    "strided": "every other value of a larger tensor",
    "channels last": "channels last",
    "slice": "the end of a longer tensor",
}


def make_tensor(case: Case) -> Tensor:
    """The case's tensor, in its dtype."""
    dtype = getattr(torch, case["dtype"])
    if case["values"] in claims.KINDS:
        spread = 7 if dtype == torch.float16 else 20
        return claims.contents(case["values"], case["shape"], case["seed"], 0, spread).to(dtype)
    return _unusual(case["values"], tuple(case["shape"]), dtype, case["block_size"], case["seed"]).clone()


@functools.lru_cache(maxsize=2048)  # a class has the same cases
def _unusual(kind: str, shape: tuple[int, ...], dtype: torch.dtype, block: int, seed: int) -> Tensor:
    """A tensor of contents that are about blocks and levels."""
    count = math.prod(shape)
    rng = np.random.Generator(np.random.Philox(key=[seed, 1]))
    blocks = max(1, -(-count // block))
    if kind == "zeros":
        flat = np.zeros(count)
    elif kind == "blocks":  # each block of another magnitude, some of them zero, but not all
        size = rng.choice([2.0**-14, 2.0**-7, 1.0, 64.0], blocks)
        zero = rng.random(blocks) < 0.2
        zero[[rng.integers(blocks), -rng.integers(1, 3) % blocks]] = True
        zero[0] &= blocks == 1 or not zero.all()
        size[zero] = 0.0
        flat = rng.standard_normal(count) * np.repeat(size, block)[:count]
    elif (
        kind == "far"
    ):  # each block tiny or huge, and one of each; its scale never below float32's normal range
        flat = rng.standard_normal(count)
        some = far_exponents(dtype)
        exponents = (
            [*rng.choice(some, blocks - 2), *rng.permutation(some)] if blocks > 1 else rng.choice(some, 1)
        )
        flat = (flat + np.copysign(AWAY, flat)) * np.repeat(np.exp2(exponents), block)[:count]
    elif kind == "one sign":
        flat = abs(rng.standard_normal(count)) * np.repeat(rng.choice([-1.0, 1.0], blocks), block)[:count]
    elif kind == "falling":
        size = np.exp2(-4.0 * (np.arange(blocks) % 4))
        flat = rng.standard_normal(count) * np.repeat(size, block)[:count]
    elif kind == "largest":
        flat = rng.uniform(-1, 1, count) * (6e4 if dtype == torch.float16 else 3.3e38)
    else:  # values at the levels, or just beside the middle of two of them, with the scale in each block
        size = np.exp2(rng.integers(-4, 5, blocks).astype(np.float64))
        if kind == "levels":
            unit = LEVELS.numpy()[rng.integers(0, 16, count)]
        else:
            unit = MIDPOINTS[rng.integers(0, 15, count)] + rng.choice([-3e-6, 3e-6], count)
        unit[::block] = rng.choice([-1.0, 1.0], len(unit[::block]))
        flat = unit * np.repeat(size, block)[:count]
    return torch.from_numpy(np.asarray(flat, dtype=np.float64)).reshape(shape).to(dtype)


AWAY = 2.0**-5  # how far from zero values that are far begin, before they are scaled


def far_exponents(dtype: torch.dtype) -> list[float]:
    """Values that are far are about 2 to one of these; of float16 the tiny ones are subnormal."""
    return [-18.0, 7.0] if dtype == torch.float16 else [-120.0, 120.0]


def blocks_of(flat: Tensor, block_size: int) -> tuple[Tensor, Tensor]:
    """Largest absolute value of each block, float64, and for each value the number of its block."""
    number = torch.arange(flat.numel()) // block_size
    count = -(-flat.numel() // block_size)
    largest = torch.zeros(count, dtype=torch.float64)
    if flat.numel():
        largest = largest.scatter_reduce(0, number, flat.abs().to(torch.float64), "amax")
    return largest, number


def shape_traits(case: Case) -> dict[str, Any]:
    """What the case's sizes may tell."""
    count, block = (
        math.prod(case["shape"]),
        DEFAULT_BLOCK if case["call"] == "defaults" else case["block_size"],
    )
    return {
        "number of values": count,
        "block_size": block,
        "number of blocks": -(-count // block),
        "number of dimensions": len(case["shape"]),
    }


def splits_rows(shape: list[int]) -> bool:
    """Whether blocks of 64 run over the end of a row."""
    return len(shape) >= 2 and shape[-1] % DEFAULT_BLOCK != 0
