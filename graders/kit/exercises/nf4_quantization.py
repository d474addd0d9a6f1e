"""The recorded cases of `quantize_nf4` and `dequantize_nf4`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from graders.exercise import Case, Seen
from graders.exercises.nf4_quantization.dequantization import dequantize, plain
from graders.exercises.nf4_quantization.quantization import feature, quantize, truth_of
from graders.exercises.nf4_quantization.tensors import LEVELS, TIE
from graders.kit.recording import Fact, Recorded, drawn, fact, record

STEPS = (
    "quantize_nf4",
    "quantize_nf4 (of the same float32 values too)",
    "quantize_nf4 (of any short last block)",
    "dequantize_nf4",
    "dequantize_nf4 (of any codes)",
)
PLAIN = ("codes_form", "scales", "nearest_level")
WAITS: Mapping[str, Sequence[str]] = {
    "nearest_level": ("codes_form", "scales"),
    **dict.fromkeys(("zero_block", "last_block"), PLAIN),
    **dict.fromkeys(("block_size", "any_dtype", "any_tensor"), (*PLAIN, "last_block")),
    "dequantize_form": ("dequantize_values",),
    "dequantize_blocks": ("dequantize_values", "dequantize_form"),
}
QUANTIZED: tuple[dict[str, Any], ...] = (
    {"values": "ints"},
    {},
    {"values": "levels", "shape": [2, 64]},
    {"values": "midpoints", "shape": [4, 256]},
    {"values": "normal", "shape": [3, 64], "call": "defaults"},
    {"values": "wide", "shape": [2, 128], "call": "positional"},
    {"values": "far", "shape": [4, 64]},
    {"values": "largest", "shape": [3, 64]},
    {"values": "one sign", "shape": [6, 64]},
    {"values": "normal", "shape": [70, 64]},
    {"values": "zeros"},
    {"values": "blocks", "shape": [6, 64]},
    {"values": "normal", "shape": [90]},
    {"values": "wide", "shape": [3]},
    {"values": "normal", "shape": [5003], "call": "defaults"},
    {"values": "zeros", "shape": [10]},
    {"values": "normal", "shape": [5, 48], "block_size": 16},
    {"values": "normal", "shape": [7, 33], "block_size": 32, "call": "positional"},
    {"values": "ints", "shape": [11], "block_size": 1},
    {"values": "ints", "shape": [300], "block_size": 1},
    {"values": "normal", "shape": [4350], "block_size": 150},
    {"values": "normal", "shape": [1960], "block_size": 49},
    {"values": "zeros", "shape": [9], "block_size": 1},
    {"values": "normal", "shape": [8192], "block_size": 4096},
    {"values": "normal", "shape": [3, 40]},
    {"values": "normal", "shape": [3, 70], "dtype": "float64"},
    {"values": "normal", "shape": [2, 64], "dtype": "float16"},
    {"values": "normal", "shape": [12, 64], "dtype": "bfloat16"},
    {"values": "wide", "shape": [150], "dtype": "bfloat16"},
    {"values": "normal", "shape": [16, 9], "layout": "transposed"},
    {"values": "normal", "shape": [3, 90], "layout": "strided"},
    {"values": "normal", "shape": [3, 2, 5, 4], "layout": "channels last"},
    {"values": "normal", "shape": [3, 64], "layout": "slice"},
    {"values": "falling", "shape": [900], "dtype": "bfloat16"},
    {"values": "falling", "shape": [4500], "dtype": "float16"},
    {"values": "ints", "shape": [2, 3, 5]},
    {"values": "ints", "shape": [2, 1, 4]},
    {"values": "ints", "shape": []},
    {"values": "ints", "shape": [0]},
    {"values": "ints", "shape": [3, 0]},
    {"values": "ints", "shape": [2, 0, 3]},
)
DEQUANTIZED: tuple[dict[str, Any], ...] = (
    {},
    {"shape": [2, 64], "scales": "normal"},
    {"shape": [2, 2, 64], "call": "positional"},
    {"shape": [3, 64], "scales": "wide", "call": "defaults"},
    {"shape": [70, 64], "scales": "normal"},
    {"shape": [4, 64], "scales": "some zero"},
    {"shape": [3, 64], "scales": "zero"},
    {"shape": [3, 64], "scales": "normal", "codes": "constant"},
    {"shape": [1960], "block_size": 49, "scales": "normal"},
    {"shape": [90], "scales": "normal"},
    {"shape": [3, 60], "scales": "normal"},
    {"shape": [7, 33], "scales": "normal"},
    {"shape": [5, 48], "block_size": 16, "scales": "normal"},
    {"shape": [450], "block_size": 150, "call": "positional"},
    {"shape": [11], "block_size": 1},
    {"shape": [300], "block_size": 1, "scales": "normal"},
    {"shape": [64, 2], "scales": "normal"},
    {"shape": [8192], "block_size": 4096},
    {"shape": []},
    {"shape": [0]},
    {"shape": [3, 0]},
    {"shape": [6, 64], "scales": "normal", "layout": "transposed"},
    {"shape": [5, 30], "scales": "normal", "layout": "strided"},
    {"shape": [2, 64], "scales": "normal", "layout": "slice"},
)


def recorded() -> list[Recorded]:
    """The cases, plainest first."""
    asked = [drawn(quantize, changes) for changes in QUANTIZED]
    back = [drawn(dequantize, changes) for changes in DEQUANTIZED]
    return [
        *(
            record(quantize, case, _facts(case), steps=STEPS, needs=("quantize_nf4",), otherwise="codes_form")
            for case in asked
        ),
        *(
            record(
                dequantize,
                case,
                _back(case),
                steps=STEPS,
                needs=("dequantize_nf4",),
                otherwise="dequantize_values",
            )
            for case in back
        ),
    ]


def allowed(flat: Tensor, largest: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest code that is right for each value: one, or two where it lies between two levels."""
    if not flat.numel():
        return (torch.zeros(0, dtype=torch.uint8),) * 2
    scale = largest[number]
    ratio = torch.where(scale > 0, flat / torch.where(scale > 0, scale, 1.0), 0.0)
    apart = (ratio[:, None] - LEVELS).abs()
    right = apart <= apart.amin(1, keepdim=True) + 2 * TIE
    codes = torch.arange(16).expand_as(right)
    low, high = torch.where(right, codes, 15).amin(1), torch.where(right, codes, 0).amax(1)
    return low.to(torch.uint8), high.to(torch.uint8)


def _facts(case: Case) -> Iterator[Fact]:
    sent = quantize.arguments(case)
    truth = truth_of(sent["tensor"], sent["block_size"])
    low, high = allowed(truth["flat"], truth["largest"], truth["number"])
    zero = (truth["largest"] == 0)[truth["number"]] if low.numel() else torch.zeros(0, dtype=torch.bool)
    note, about = f"blocks of {sent['block_size']} values", feature(case)
    zeros = case["values"] in ("zeros", "blocks")
    form = "codes_form" if about == "plain" else about
    yield fact("nothing", form, "no pair")
    yield fact("tensor", form, "codes", shape=list(sent["tensor"].shape), dtype="uint8")
    of_scales, of_codes = ("scales", "nearest_level") if about == "plain" else (about, about)
    if zeros:
        of_scales, of_codes = "zero_block", "nearest_level" if about == "plain" else about
        least, most = torch.where(zero, low, 0), torch.where(zero, high, 15)
        yield fact("between", "zero_block", "codes", note="a block of zeros", low=least, high=most)
        yield fact("nothing", "zero_block", "new warnings")
    largest = truth["largest"]
    yield fact("tensor", of_scales, "scales", shape=list(largest.shape), dtype="float32", note=note)
    yield fact("close", of_scales, "scales", want=largest.float(), relative=2.0**-22, note=note)
    least, most = torch.where(zero, 0, low), torch.where(zero, 15, high)
    says = "the level nearest to value / scale"
    yield fact("between", of_codes, "codes", note=f"{says}, {note}", low=least, high=most)
    if math.prod(case["shape"]):
        told = "The tensor was changed by quantize_nf4."
        yield fact("same", "unchanged", "tensor", want_argument="tensor", says=told)


def _back(case: Case) -> Iterator[Fact]:
    sent = dequantize.arguments(case)
    want = dequantize.oracle(case, Seen({}))["values"].float()
    note = f"blocks of {sent['block_size']} values"
    name = "dequantize_values" if plain(case) else "dequantize_blocks"
    yield fact(
        "close", name, "values in shape", "The value", want=want, relative=2.0**-20, absolute=1e-37, note=note
    )
    yield fact("tensor", "dequantize_form", "values", "The result", shape=list(want.shape), dtype="float32")
    for item in ("codes", "scales"):
        told = f"{item} was changed by dequantize_nf4."
        yield fact("same", "dequantize_unchanged", item, want_argument=item, says=told)
