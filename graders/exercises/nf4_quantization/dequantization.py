"""What is asked of `dequantize_nf4`, with codes and scales that the judge made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    Experiment,
    Failure,
    NotSeen,
    Seen,
    Violation,
)
from graders.exercises.nf4_quantization.tensors import (
    BLOCKS,
    DEFAULT_BLOCK,
    LAYOUT_WORDS,
    SHAPES,
    Verdict,
    exercise,
    shape_traits,
    splits_rows,
)
from lora_reference import dequantize_nf4

ZEROED = ("some zero", "zero")  # kinds of scales


class Dequantize(Experiment):
    """Dequantize codes and scales that the judge made; before anything was quantized."""

    id, probe, draws, first = "dequantize", "dequantize", 0.5, True
    notes = frozenset({"values", "codes", "scales"})
    space = {
        "shape": SHAPES,
        "block_size": BLOCKS,
        "scales": (*claims.KINDS, *ZEROED),
        "codes": ("any", "any", "any", "constant"),
        "layout": (
            "contiguous",
            "contiguous",
            "contiguous",
            "transposed",
            "strided",
            "channels last",
            "slice",
        ),
        "call": ("keywords", "positional", "defaults"),
    }
    base = {
        "shape": [64],
        "block_size": 64,
        "scales": "ints",
        "codes": "any",
        "layout": "contiguous",
        "call": "keywords",
    }
    cover = (
        {"shape": [2, 64], "scales": "normal"},
        {"shape": [4, 96], "scales": "wide", "call": "defaults"},
        {"shape": [2, 2, 64], "call": "positional"},
        {"shape": [41, 1024], "scales": "normal"},
        {"shape": [100, 64], "scales": "normal"},
        {"shape": [64, 2], "scales": "normal"},
        {"shape": [4, 64], "scales": "some zero"},
        {"shape": [2, 64], "scales": "zero"},
        {"shape": [4, 64], "scales": "normal", "codes": "constant"},
        {"shape": [2058], "block_size": 49, "scales": "normal"},
        {"shape": [4100], "block_size": 41, "scales": "normal"},
        {"shape": [3000], "block_size": 2, "scales": "normal"},
        {"shape": [9900], "block_size": 5000, "scales": "normal"},
        {"shape": [3, 0, 2]},
        {"shape": [4, 3, 8, 8], "scales": "normal", "layout": "channels last"},
        {"shape": [3, 50], "scales": "normal"},
        {"shape": [5000], "block_size": 100},
        {"shape": [100], "scales": "normal"},
        {"shape": [3, 130], "scales": "normal"},
        {"shape": [5000], "scales": "wide"},
        {"shape": [3, 5, 32], "scales": "normal"},
        {"shape": [6, 32], "block_size": 16},
        {"shape": [6, 32], "block_size": 32, "call": "positional"},
        {"shape": [40], "block_size": 1},
        {"shape": [2, 192], "scales": "wide", "call": "defaults"},
        {"shape": [300], "block_size": 100},
        {"shape": [8192], "block_size": 4096},
        {
            "shape": [],
            "scales": "normal",
            "codes": "constant",
        },  # not 7, and a scale that is not 1: it leaves traces
        {"shape": [0]},
        {"shape": [0, 4]},
        {"shape": [4, 64], "scales": "normal", "layout": "transposed"},
        {"shape": [3, 50], "scales": "normal", "layout": "strided"},
        {"shape": [4, 64], "scales": "normal", "layout": "slice"},
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        block = DEFAULT_BLOCK if case["call"] == "defaults" else case["block_size"]
        count = math.prod(case["shape"])
        rng = np.random.Generator(np.random.Philox(key=[case["seed"], 2]))
        codes = torch.from_numpy(rng.integers(0, 16, count).astype(np.uint8)).reshape(tuple(case["shape"]))
        n_blocks = -(-count // block)
        if case["codes"] == "constant":
            code = int(rng.integers(0, 15))
            codes = torch.full_like(codes, code + (code >= 7))  # 7 gives zeros, whatever the scales are
        kind = "normal" if case["scales"] in ZEROED else case["scales"]
        scales = claims.contents(kind, [n_blocks], case["seed"], 3).abs().to(torch.float32)
        if case["scales"] == "some zero":  # their codes are 7, as in a block of zeros
            scales[::2] = 0
            codes.reshape(-1)[(torch.arange(count) // block) % 2 == 0] = 7
        if case["scales"] == "zero":
            scales.zero_()
        layout = case["layout"]
        return {"codes": codes, "scales": scales, "block_size": block, "layout": layout, "call": case["call"]}

    def oracle(self, case: Case, seen: Seen) -> dict[str, Any]:
        sent = self.arguments(case)
        return {
            **sent,
            "values": dequantize_nf4(sent["codes"], sent["scales"], sent["block_size"]).to(torch.float64),
        }

    def ends_with(self, case: Case) -> bool:
        return not case["shape"]  # the level of one code may be a view of the table, which the code may scale

    def limit(self, case: Case) -> float:
        return 30.0 if math.prod(case["shape"]) > 1000 else 4.0

    def blame(self, case: Case, failure: Failure) -> str:
        return (
            "dequantize_values" if plain(case) or failure.step.endswith("any codes)") else "dequantize_blocks"
        )

    def describe(self, case: Case) -> dict[str, Any]:
        sent = self.arguments(case)
        shown = {
            name: sent[name]
            for name in ("codes", "scales", "block_size")
            if (name, case["call"]) != ("block_size", "defaults")
        }
        return (
            shown
            if case["layout"] == "contiguous"
            else {**shown, "memory layout": LAYOUT_WORDS[case["layout"]]}
        )

    def traits(self, case: Case) -> dict[str, Any]:
        return {**shape_traits(case), "memory layout": LAYOUT_WORDS[case["layout"]]}


dequantize = Dequantize()


def plain(case: Case) -> bool:
    """Whole blocks of 64 in a tensor that is not empty, laid out as usual."""
    count = math.prod(case["shape"])
    return (
        count > 0
        and case["layout"] == "contiguous"
        and count % DEFAULT_BLOCK == 0
        and not splits_rows(case["shape"])
        and (case["block_size"] == DEFAULT_BLOCK or case["call"] == "defaults")
    )


def _values(seen: Seen, want: dict[str, Any], values: Tensor) -> Violation | None:
    got = seen["values"]
    if isinstance(got, Tensor) and got.numel() == values.numel() and got.shape != values.shape:
        got = got.reshape(values.shape)  # the shape is another claim's
    bound = values.abs() * 2.0**-21
    if isinstance(got, Tensor) and got.dtype in (
        torch.float16,
        torch.bfloat16,
    ):  # so is the dtype, and its rounding
        least, most = torch.finfo(got.dtype).tiny, torch.finfo(got.dtype).max
        bound = values.abs() * 8 * claims.UNIT[got.dtype] + least
        values = values.clamp(-most, most)
        got = got.to(torch.float64).clamp(-most, most)
    return claims.close("The value", got, values, bound, f"blocks of {want['block_size']} values")


def _own_values(seen: Seen, want: dict[str, Any]) -> Tensor:
    """What the student's own levels, and way to scale them, give. Raises NotSeen where they cannot be told."""
    levels, doubled = (seen.values.get(name) for name in ("levels", "levels doubled"))
    if not (
        isinstance(levels, Tensor) and isinstance(doubled, Tensor) and levels.numel() == doubled.numel() == 64
    ):
        raise NotSeen("levels")
    own, twice = levels.reshape(-1)[:16].to(torch.float64), doubled.reshape(-1)[:16].to(torch.float64)
    scale = want["scales"].to(torch.float64)
    for factor, scaled in ((2.0, scale), (0.5, 1 / scale)):
        if claims.close("", twice, factor * own, 1e-2 * own.abs()) is None:
            number = torch.arange(want["codes"].numel()) // want["block_size"]
            values: Tensor = own[want["codes"].reshape(-1).long()] * scaled[number]
            return values.reshape(want["codes"].shape)
    raise NotSeen("values that follow the scales")


def _answers(seen: Seen) -> bool:
    """Whether the student's function gives other values for other codes."""
    own = seen.values.get("levels")
    return (
        isinstance(own, Tensor) and own.is_floating_point() and own.numel() > 0 and len(torch.unique(own)) > 1
    )


@exercise.claim(
    dequantize,
    points=3,
    function="dequantize_nf4",
    sentence="`dequantize_nf4` returns the level of each code times the scale of its block.",
)
def dequantize_values(case: Case, seen: Seen, want: Any) -> Verdict:
    """dequantize_nf4 returns each code's level times its block's scale."""
    if not plain(case):
        return NOT_APPLICABLE
    wrong = _values(seen, want, want["values"])
    first, later = seen["values"], seen.values.get("values after another call")
    if wrong or not isinstance(first, Tensor) or not isinstance(later, Tensor) or torch.equal(first, later):
        return wrong
    return Violation("The values that were returned change when the function is called again.", first, later)


@exercise.claim(
    dequantize,
    points=1,
    function="dequantize_nf4",
    sentence="`dequantize_nf4` returns float32, in the shape of `codes`.",
)
def dequantize_form(case: Case, seen: Seen, want: Any) -> Verdict:
    """dequantize_nf4 returns float32, in the shape of the codes."""
    if not _answers(seen):
        raise NotSeen("values")
    wrong = claims.tensor("The result", seen["values"], dtype=torch.float32)
    return wrong or claims.tensor("The result", seen["values"], shape=want["codes"].shape)


@exercise.claim(
    dequantize,
    points=1,
    function="dequantize_nf4",
    sentence="Blocks of `block_size` in row-major order; the last block may be shorter. An empty tensor gives empty codes and no scales.",
)
def dequantize_blocks(case: Case, seen: Seen, want: Any) -> Verdict:
    """dequantize_nf4 follows the block size, a shorter last block, empty codes and codes of any memory layout."""
    if plain(case):
        return NOT_APPLICABLE
    if not _answers(seen):
        raise NotSeen("values")
    wrong = _values(seen, want, want["values"])
    if wrong is None:
        return _levels_stay(seen)
    own = _own_values(seen, want)  # wrong levels are `dequantize_values`'
    got = seen["values"]
    if isinstance(got, Tensor) and got.numel() == own.numel():
        own = torch.where(torch.isfinite(own), own, got.reshape(own.shape).to(own.dtype))
    return _values(seen, want, own)


def _levels_stay(seen: Seen) -> Violation | None:
    """A call with one code, without dimensions, leaves the levels as they were."""
    before, after = seen.values.get("levels"), seen.values.get("levels after")
    if not isinstance(before, Tensor) or not isinstance(after, Tensor) or torch.equal(before, after):
        return None
    says = "After a call with one code, whose tensor has no dimensions, the same codes have other values than before."
    return Violation(says, before[:16], after[:16])


@exercise.claim(
    dequantize,
    points=0.5,
    function="dequantize_nf4",
    sentence="Neither function changes its arguments.",
)
def dequantize_unchanged(case: Case, seen: Seen, want: Any) -> Verdict:
    """dequantize_nf4 leaves codes and scales as they were."""
    if not _answers(seen):
        raise NotSeen("values")
    for name in ("codes", "scales"):
        after = seen[name]
        if not (isinstance(after, Tensor) and torch.equal(after, want[name])):
            return Violation(f"{name} was changed by dequantize_nf4.", want[name], after)
    return None
