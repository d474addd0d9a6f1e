"""The tensors that exercise 4 is asked with stay within what the contract grades."""

from __future__ import annotations

import pytest
import torch

from graders.exercises.nf4_quantization.quantization import quantize
from graders.exercises.nf4_quantization.tensors import blocks_of, make_tensor

TINY, LARGEST = torch.finfo(torch.float32).tiny, torch.finfo(torch.float32).max


@pytest.mark.parametrize("values", sorted({*quantize.space["values"]}))
@pytest.mark.parametrize("dtype", sorted({*quantize.space["dtype"]}))
def test_scales_are_normal_numbers_of_float32(values: str, dtype: str) -> None:
    """Whatever is drawn: a block's largest absolute value is 0, or float32 holds it with all its digits."""
    for seed in range(150):
        for shape, block in ([2, 3, 4, 5], 1), ([500], 1), ([100], 3), ([4, 64], 64):
            case = {
                **quantize.base,
                "values": values,
                "dtype": dtype,
                "shape": shape,
                "block_size": block,
                "seed": seed,
            }
            scales, _ = blocks_of(make_tensor(case).flatten().double(), block)
            assert bool(((scales == 0) | (scales >= TINY)).all()), (case, scales.min())
            assert scales.max() <= LARGEST, case
