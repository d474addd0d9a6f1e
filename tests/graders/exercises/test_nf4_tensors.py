"""The tensors that exercise 4 is asked with stay within what the contract grades."""

from __future__ import annotations

import pytest
import torch

from graders.exercises.nf4_quantization.dequantization import dequantize
from graders.exercises.nf4_quantization.quantization import feature, quantize
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


def test_equal_codes_show_their_scales() -> None:
    """Codes that are all the same are never 7, whose level hides which block's scale was taken."""
    found = {
        int(dequantize.arguments({**dequantize.base, "codes": "constant", "seed": seed})["codes"][0])
        for seed in range(200)
    }
    assert found == {*range(16)} - {7}


@pytest.mark.parametrize(
    ("shape", "layout", "about"),
    [
        ([1], "strided", "last_block"),
        ([1], "transposed", "last_block"),
        ([1], "slice", "any_tensor"),
        ([], "contiguous", "any_tensor"),
        ([5, 130], "strided", "any_tensor"),
        ([64], "contiguous", "plain"),
    ],
)
def test_one_value_lies_plainly(shape: list[int], layout: str, about: str) -> None:
    """A layout that changes nothing is nothing unusual: what is lost there is another claim's."""
    assert feature({**quantize.base, "shape": shape, "layout": layout}) == about
