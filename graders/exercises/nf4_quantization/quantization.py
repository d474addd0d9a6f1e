"""Exercise 4: NF4 quantization, block by block, and back.

Beside each case the student's functions get a plain one. What is wrong there has been paid for, and the unusual
cases are judged on the rest: codes by the scales that were returned, scales by themselves.
"""

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
    Exercise,
    Experiment,
    Failure,
    NotApplicable,
    NotSeen,
    Seen,
    Violation,
)
from lora_reference import NF4_LEVELS, dequantize_nf4

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
    [3, 130],
    [512],
)
BLOCKS = (64, 64, 64, 1, 2, 3, 16, 32, 100, 256)
VALUES = ("ones", "ints", "normal", "wide", "levels", "midpoints", "blocks", "far", "zeros")

VALUE_WORDS = {
    **claims.KIND_WORDS,
    "levels": "exactly at the levels",
    "midpoints": "just beside the middle of two levels",
    "blocks": "some blocks zero",
    "far": "tiny or huge",
    "zeros": "all 0",
}


# --- how cases are drawn -----------------------------------------------------------------------------------


def make_tensor(case: Case) -> Tensor:
    """The case's tensor, in its dtype."""
    dtype = getattr(torch, case["dtype"])
    shape, kind, block = case["shape"], case["values"], case["block_size"]
    count = math.prod(shape)
    if kind in claims.KINDS:
        spread = 7 if dtype == torch.float16 else 20
        return claims.contents(kind, shape, case["seed"], 0, spread).to(dtype)
    rng = np.random.Generator(np.random.Philox(key=[case["seed"], 1]))
    blocks = max(1, -(-count // block))
    if kind == "zeros":
        flat = np.zeros(count)
    elif kind == "blocks":  # each block of another magnitude, some of them zero
        size = rng.choice([0.0, 2.0**-14, 2.0**-7, 1.0, 64.0], blocks)
        size[rng.integers(blocks)] = 0.0
        flat = rng.standard_normal(count) * np.repeat(size, block)[:count]
    elif kind == "far":  # each block tiny or huge
        far = 7 if dtype == torch.float16 else 60
        flat = (
            rng.standard_normal(count)
            * np.repeat(np.exp2(far * rng.choice([-1.0, 1.0], blocks)), block)[:count]
        )
    else:  # values at the levels, or just beside the middle of two of them, with the scale in each block
        size = np.exp2(rng.integers(-4, 5, blocks).astype(np.float64))
        if kind == "levels":
            unit = LEVELS.numpy()[rng.integers(0, 16, count)]
        else:
            unit = MIDPOINTS[rng.integers(0, 15, count)] + rng.choice([-3e-6, 3e-6], count)
        unit[::block] = rng.choice([-1.0, 1.0], len(unit[::block]))
        flat = unit * np.repeat(size, block)[:count]
    return torch.from_numpy(np.asarray(flat, dtype=np.float64)).reshape(tuple(shape)).to(dtype)


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


class Quantize(Experiment):
    """Quantize a tensor."""

    id, probe, pictured = "quantize", "quantize", "first"  # the smallest case has few levels
    space = {
        "shape": SHAPES,
        "block_size": BLOCKS,
        "values": VALUES,
        "dtype": ("float32", "float32", "float32", "float64", "float16", "bfloat16"),
        "layout": ("contiguous", "contiguous", "transposed", "strided"),
        "call": ("keywords", "positional", "defaults"),
    }
    base = {
        "shape": [64],
        "block_size": 64,
        "values": "normal",
        "dtype": "float32",
        "layout": "contiguous",
        "call": "keywords",
    }
    cover = (
        {"shape": [128], "values": "levels"},
        {"shape": [2, 1024], "values": "midpoints"},
        {"shape": [4, 96], "values": "wide"},
        {"shape": [4, 96], "values": "normal", "call": "positional"},
        {"shape": [2, 2, 64], "values": "ints", "call": "defaults"},
        {"shape": [100, 64], "values": "normal"},
        {"shape": [41, 1024], "values": "normal"},
        {"values": "zeros"},
        {"shape": [4, 64], "values": "blocks"},
        {"shape": [100], "values": "normal"},
        {"shape": [3, 130], "values": "wide"},
        {"shape": [5000], "values": "normal", "call": "defaults"},
        {"shape": [10], "values": "ints"},
        {"shape": [65], "values": "blocks"},
        {"shape": [8, 64], "values": "far"},
        {"shape": [6, 32], "block_size": 32},
        {"shape": [6, 32], "block_size": 16, "call": "positional"},
        {"shape": [40], "block_size": 1},
        {"shape": [300], "block_size": 100},
        {"shape": [5000], "block_size": 100},
        {"shape": [8, 640], "block_size": 4096},
        {"shape": [8192], "block_size": 4096},
        {"dtype": "float64", "shape": [2, 64], "values": "midpoints"},
        {"dtype": "float16", "shape": [4, 64]},
        {"dtype": "bfloat16", "shape": [4, 64]},
        {"dtype": "bfloat16", "shape": [200], "values": "wide"},
        {"dtype": "float16", "values": "zeros"},
        {"layout": "transposed", "shape": [32, 4]},
        {"layout": "strided", "shape": [5, 130]},
        {"shape": []},
        {"shape": [1]},
        {"shape": [0]},
        {"shape": [0, 4]},
        {"shape": [2, 192], "values": "wide"},
        {"shape": [192], "values": "normal", "call": "positional"},
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        block = DEFAULT_BLOCK if case["call"] == "defaults" else case["block_size"]
        return {
            "tensor": make_tensor({**case, "block_size": block}),
            "plain": plain_tensor(case),
            "short": plain_tensor(case).reshape(-1)[:74] if cut_short(case) else None,
            "layout": case["layout"],
            "block_size": block,
            "call": case["call"],
            "ones before": case["values"] in ("zeros", "blocks"),
        }

    def oracle(self, case: Case, seen: Seen) -> dict[str, Any]:
        sent = self.arguments(case)
        return {**sent, **truth_of(sent["tensor"], sent["block_size"]), "unusual": feature(case)}

    def limit(self, case: Case) -> float:
        return 30.0 if math.prod(case["shape"]) > 1000 else 4.0

    def blame(self, case: Case, failure: Failure) -> str:
        place = feature(case)
        if case["values"] in ("zeros", "blocks"):
            return "zero_block"
        if failure.step.endswith("float32 values too)"):
            place = feature({**case, "dtype": "float32"})
        if failure.step.endswith("short last block)"):
            place = "last_block"
        return "codes_form" if place == "plain" else place

    def describe(self, case: Case) -> dict[str, Any]:
        sent = self.arguments(case)
        shown = {"tensor": sent["tensor"]}
        if case["call"] != "defaults":
            shown["block_size"] = sent["block_size"]
        if case["layout"] != "contiguous":
            shown["memory layout"] = case["layout"]
        return shown

    def traits(self, case: Case) -> dict[str, Any]:
        return {
            **shape_traits(case),
            "dtype": case["dtype"],
            "memory layout": case["layout"],
            "values": VALUE_WORDS[case["values"]],
        }


quantize = Quantize()


def plain_tensor(case: Case) -> Tensor:
    """Two blocks of 64 in two rows, one of them with its largest value below 0."""
    tensor = claims.contents("normal", [2, DEFAULT_BLOCK], case["seed"], 5).to(torch.float32)
    tensor[0, 3], tensor[1, 60] = -5.123, 6.321
    return tensor


def truth_of(tensor: Tensor, block_size: int) -> dict[str, Any]:
    """A tensor as float64 in one row, the largest absolute value of each block, and each value's block."""
    flat = tensor.reshape(-1)
    largest, number = blocks_of(flat, block_size)
    return {
        "tensor": tensor,
        "block_size": block_size,
        "flat": flat.to(torch.float64),
        "largest": largest,
        "number": number,
    }


def feature(case: Case) -> str:
    """The claim that a case is about: the first unusual thing in it, or `plain`."""
    count, block = (
        math.prod(case["shape"]),
        DEFAULT_BLOCK if case["call"] == "defaults" else case["block_size"],
    )
    if case["dtype"] != "float32":
        return "any_dtype"
    if count == 0 or not case["shape"] or not _contiguous(case):
        return "any_tensor"
    if block != DEFAULT_BLOCK or splits_rows(case["shape"]):
        return "block_size"
    return "last_block" if count % block else "plain"


def cut_short(case: Case) -> bool:
    """Whether the last of the unusual blocks is short as well."""
    return feature(case) == "block_size" and math.prod(case["shape"]) % case["block_size"] != 0


def splits_rows(shape: list[int]) -> bool:
    """Whether blocks of 64 run over the end of a row."""
    return len(shape) >= 2 and shape[-1] % DEFAULT_BLOCK != 0


def _contiguous(case: Case) -> bool:
    if case["layout"] == "transposed":
        return len(case["shape"]) < 2
    return bool(case["layout"] == "contiguous")


# --- quantize_nf4 ------------------------------------------------------------------------------------------


def _codes(flat: Tensor, largest: Tensor, number: Tensor) -> Tensor:
    """Nearest codes: of a tie the lower, and 7 in a block of zeros."""
    scale = torch.where(largest > 0, largest, torch.ones_like(largest))
    return (
        ((flat / scale[number])[:, None] - LEVELS).abs().argmin(1).to(torch.uint8)
        if flat.numel()
        else torch.zeros(0, dtype=torch.uint8)
    )


def _check_codes(flat: Tensor, want: dict[str, Any], scales: Tensor, only: Tensor) -> Violation | None:
    """Where `only`, each code is the index of a level nearest to value / scale."""
    if flat.numel() == 0:
        return None
    if int(flat.max()) > 15 or int(flat.min()) < 0:
        at = int(flat.argmax()) if int(flat.max()) > 15 else int(flat.argmin())
        return Violation(
            f"codes holds {int(flat[at])} at position {at}, should be 0 to 15.", "0 to 15", int(flat[at])
        )
    scale = scales[want["number"]]
    ratio = torch.where(scale != 0, want["flat"] / scale, torch.zeros_like(want["flat"]))
    mine = (ratio - LEVELS[flat]).abs()
    best = (ratio[:, None] - LEVELS).abs().min(1).values
    bad = only & ~(mine <= best + TIE)
    if not bool(bad.any()):
        return None
    at = int(torch.nonzero(bad)[0])
    right = int((ratio[at] - LEVELS).abs().argmin())
    nearest = _codes(want["flat"], want["largest"], want["number"]).reshape(want["tensor"].shape)
    return Violation(
        f"A value / scale of {float(ratio[at]):.6g} gets code {int(flat[at])} (level {float(LEVELS[int(flat[at])]):.4f}), "
        f"should be {right} (level {float(LEVELS[right]):.4f}).\nIt is the value at position {at}.",
        nearest,
        flat.to(torch.uint8).reshape(want["tensor"].shape),
    )


def _readings(codes: Any, count: int) -> list[Tensor]:
    """The codes as whole numbers in one row; signed ones (which `codes_form` is about) count from -8 or -7 on.

    Raises NotSeen for what cannot be read as codes.
    """
    if not isinstance(codes, Tensor) or codes.numel() != count:
        raise NotSeen("codes")
    values = codes.reshape(-1).to(torch.float64)
    if not bool((values == values.round()).all()):
        raise NotSeen("codes")
    flat = values.long()
    return [flat] if codes.dtype == torch.uint8 else [flat, flat + 8, flat + 7]


def _codes_off(codes: Any, given: Any, want: dict[str, Any]) -> Violation | None:
    """What is wrong with codes of which the form does not matter, for the right scales or for those returned."""
    readings = _readings(codes, want["flat"].numel())
    only = (want["largest"] > 0)[want["number"]]
    wrong = [_check_codes(flat, want, want["largest"], only) for flat in readings]
    if None in wrong:
        return None
    if isinstance(given, Tensor) and given.is_floating_point() and given.numel() == want["largest"].numel():
        own = given.reshape(-1).to(torch.float64)  # a wrong scale is paid for once: the codes may fit it
        only = only & (torch.isfinite(own) & (own != 0))[want["number"]]
        if not bool(only.any()) or any(_check_codes(flat, want, own, only) is None for flat in readings):
            return None
    return wrong[0]


def _paid(seen: Seen, want: dict[str, Any]) -> set[str]:
    """What is wrong with the student's codes and scales of a plain tensor: `form`, `scales`, `codes`."""
    plain = truth_of(want["plain"], DEFAULT_BLOCK)
    own = Seen(seen["plain"] if isinstance(seen["plain"], dict) else {})
    if "codes" not in own or "scales" not in own:
        return {"form", "scales", "codes"}
    wrong = {"form": bool(_form(own, plain)), "scales": bool(_check_scales(own["scales"], plain))}
    try:
        wrong["codes"] = bool(_codes_off(own["codes"], own["scales"], plain))
    except NotSeen:
        wrong["codes"] = True
    return {name for name, is_wrong in wrong.items() if is_wrong}


def _check_scales(scales: Any, want: dict[str, Any]) -> Violation | None:
    """One float32 scale a block: its largest absolute value."""
    wrong = claims.tensor("scales", scales, dtype=torch.float32)
    wrong = wrong or claims.tensor("scales", scales, shape=want["largest"].shape)
    size = want["block_size"]
    return wrong or claims.close(
        "scales", scales, want["largest"], want["largest"] * 2.0**-22, f"blocks of {size} values"
    )


def _form(seen: Seen, want: dict[str, Any]) -> Violation | None:
    if "returned" in seen:
        kind = claims.kind_of(seen["returned"])
        return Violation(f"quantize_nf4 returned {kind}, should be a pair (codes, scales).", "a pair", kind)
    wrong = claims.tensor("codes", seen["codes"], shape=want["tensor"].shape)
    return wrong or claims.tensor("codes", seen["codes"], dtype=torch.uint8)


def _everything(seen: Seen, want: dict[str, Any]) -> Violation | NotApplicable | None:
    """Codes and scales in a case with something unusual: as they should be, but for what is wrong without it too."""
    if not _answers_codes(seen, want):
        raise NotSeen("codes")
    paid = _paid(seen, want)
    if seen.values.get("twin") and _same_as_twin(seen, want, paid):
        return None
    if {"scales", "codes"} <= paid:
        raise NotSeen("codes or scales that are right")
    if want["short"] is not None:
        short = Seen(seen["short"] if isinstance(seen["short"], dict) else {})
        if not short.values or _rest_off(short, truth_of(want["short"], DEFAULT_BLOCK), paid):
            return NOT_APPLICABLE  # a short last block is `last_block`'s
    return _rest_off(seen, want, paid)


def _rest_off(seen: Seen, want: dict[str, Any], paid: set[str]) -> Violation | None:
    """What is wrong with codes and scales, but for what is `paid`."""
    shapes = not want["flat"].numel() or not want["tensor"].shape
    if "returned" in seen or (shapes and "form" not in paid):
        wrong = _form(seen, want)
        if wrong:
            return wrong
    if not isinstance(seen["codes"], Tensor) or seen["codes"].numel() != want["flat"].numel():
        return claims.tensor("codes", seen["codes"], shape=want["tensor"].shape)
    wrong = (_count_scales if "scales" in paid else _check_scales)(seen["scales"], want)
    if wrong or "codes" in paid:
        return wrong
    return _codes_off(seen["codes"], seen["scales"] if "scales" in paid else None, want)


def _count_scales(scales: Any, want: dict[str, Any]) -> Violation | None:
    """As many scales as blocks."""
    count = want["largest"].numel()
    if isinstance(scales, Tensor) and scales.numel() == count:
        return None
    return claims.tensor("scales", scales, shape=(count,))


def _same_as_twin(seen: Seen, want: dict[str, Any], paid: set[str]) -> bool:
    """Whether the student's codes and scales are those of the same values, written plainly."""
    twin = seen["twin"] if isinstance(seen["twin"], dict) else {}
    for name in ("codes", "scales"):
        mine, other = seen.values.get(name), twin.get(name)
        if not isinstance(mine, Tensor) or not isinstance(other, Tensor) or mine.numel() != other.numel():
            return False
        scalar = (
            not want["tensor"].shape and want["tensor"].dtype == torch.float32
        )  # its twin has a dimension
        scalar = scalar and name == "codes" and other.numel() == 1 and "form" not in paid
        shape = want["tensor"].shape if scalar else other.shape
        if mine.dtype != other.dtype or mine.shape != shape:
            return False
        mine, other = mine.reshape(-1).to(torch.float64), other.reshape(-1).to(torch.float64)
        if not bool(((mine - other).abs() <= 2.0**-22 * other.abs()).all()):
            return False
    return True


def _answers_codes(seen: Seen, want: dict[str, Any]) -> bool:
    """Whether the student's function gives different codes for the values of a plain tensor."""
    own = seen["plain"].get("codes") if isinstance(seen["plain"], dict) else None
    return isinstance(own, Tensor) and own.numel() == want["plain"].numel() and len(torch.unique(own)) > 1


@exercise.claim(quantize, points=2, sentence="`codes`: `torch.uint8`, the tensor's shape.")
def codes_form(case: Case, seen: Seen, want: Any) -> Verdict:
    """The codes are uint8, in the tensor's shape."""
    if not case["shape"] or 0 in case["shape"]:
        return NOT_APPLICABLE
    codes, count = seen.values.get("codes"), want["flat"].numel()
    if feature(case) != "plain" and isinstance(codes, Tensor) and codes.numel() != count:
        return NOT_APPLICABLE  # that codes are missing is the claim's about what is unusual here
    return _form(seen, want)


@exercise.claim(
    quantize, points=3, sentence="`scales`: float32, 1-D, one per block, the block's largest absolute value."
)
def scales(case: Case, seen: Seen, want: Any) -> Verdict:
    """Each block's scale is its largest absolute value."""
    if feature(case) != "plain" or case["values"] in ("zeros", "blocks"):
        return NOT_APPLICABLE
    if "returned" in seen:
        raise NotSeen("scales")
    return _check_scales(seen["scales"], want)


@exercise.claim(
    quantize,
    points=3,
    sentence="`codes`: each the index of the level nearest to `value / scale`; on a tie either neighbour is right.",
)
def nearest_level(case: Case, seen: Seen, want: Any) -> Verdict:
    """Each code is the index of the level nearest to value / scale."""
    if feature(case) != "plain":
        return NOT_APPLICABLE
    if not bool((want["largest"] > 0).any()):
        return NOT_APPLICABLE
    given = None if _check_scales(seen["scales"], want) is None else seen["scales"]
    return _codes_off(seen["codes"], given, want)


@exercise.claim(
    quantize,
    points=2,
    sentence="A block of zeros has scale 0 and codes 7, with no warning and no NaN.",
)
def zero_block(case: Case, seen: Seen, want: Any) -> Verdict:
    """A block of zeros gets scale 0 and codes 7, without a warning."""
    zero = want["largest"] == 0
    if case["values"] not in ("zeros", "blocks") or feature(case) not in (
        "plain",
        "last_block",
        "block_size",
    ):
        return NOT_APPLICABLE
    if not bool(zero.any()) or (feature(case) != "plain" and case["values"] == "blocks"):
        return NOT_APPLICABLE
    if not _answers_codes(seen, want):
        raise NotSeen("codes")
    given = seen["scales"]
    if not isinstance(given, Tensor) or given.numel() != zero.numel():
        raise NotSeen("scales")
    given = given.reshape(-1).to(torch.float64)
    others_right = (
        claims.close("", given[~zero], want["largest"][~zero], want["largest"][~zero] * 2.0**-9) is None
    )
    if others_right and not bool((given[zero] == 0).all()):
        value = float(given[zero][given[zero] != 0][0])
        return Violation(f"The scale of a block of zeros is {value:g}, should be 0.", 0.0, value)
    seen_codes = seen["codes"]
    allowed = (7,) if isinstance(seen_codes, Tensor) and seen_codes.dtype == torch.uint8 else (7, 0, -1)
    if isinstance(seen_codes, Tensor) and seen_codes.numel() == want["flat"].numel():
        codes = seen_codes.reshape(-1)[zero[want["number"]]]
        if not any(bool((codes == code).all()) for code in allowed):
            value = float(codes[codes != 7][0])
            return Violation(f"A block of zeros has code {value:g}, should be 7 (level 0).", 7, value)
    warned = _warnings(seen)
    return (
        Violation(f"A block of zeros gave a warning.\n{warned[0]}", "no warning", warned[0])
        if warned
        else None
    )


def _warnings(seen: Seen) -> list[str]:
    """The warnings that a tensor of ones did not give."""
    entries = seen.values.get("warnings")
    usual = seen["warnings with ones"]
    if not isinstance(entries, list) or not isinstance(usual, list):
        return []
    pairs = [entry for entry in entries if isinstance(entry, list) and len(entry) == 2]
    return [f"{kind}: {text}"[:200] for kind, text in pairs if kind not in usual]


@exercise.claim(quantize, points=1, sentence="The last block may be shorter.")
def last_block(case: Case, seen: Seen, want: Any) -> Verdict:
    """A last block that is shorter is a block like the others."""
    if feature(case) != "last_block" or case["values"] in ("zeros", "blocks"):
        return NOT_APPLICABLE
    return _everything(seen, want)


@exercise.claim(
    quantize,
    points=1,
    sentence="The tensor is read in row-major order in blocks of `block_size`.",
)
def block_size(case: Case, seen: Seen, want: Any) -> Verdict:
    """Blocks have the size that was asked for, and run on from row to row."""
    if feature(case) != "block_size" or case["values"] in ("zeros", "blocks"):
        return NOT_APPLICABLE
    return _everything(seen, want)


@exercise.claim(quantize, points=1, sentence="The tensor: any floating dtype.")
def any_dtype(case: Case, seen: Seen, want: Any) -> Verdict:
    """float64, float16 and bfloat16 tensors work as float32 ones do."""
    if feature(case) != "any_dtype" or case["values"] in ("zeros", "blocks"):
        return NOT_APPLICABLE
    return _everything(seen, want)


@exercise.claim(
    quantize,
    points=1,
    sentence="The tensor: any shape, contiguous or not. An empty tensor gives empty codes and no scales.",
)
def any_tensor(case: Case, seen: Seen, want: Any) -> Verdict:
    """Tensors of any shape work: transposed, strided, without dimensions, empty."""
    if feature(case) != "any_tensor" or case["values"] in ("zeros", "blocks"):
        return NOT_APPLICABLE
    return _everything(seen, want)


@exercise.claim(quantize, points=0.5, sentence="Neither function changes its arguments.")
def unchanged(case: Case, seen: Seen, want: Any) -> Verdict:
    """quantize_nf4 leaves its tensor as it was."""
    if math.prod(case["shape"]) == 0:
        return NOT_APPLICABLE
    if not _answers_codes(seen, want):
        raise NotSeen("codes")
    after = seen["tensor"]
    if isinstance(after, Tensor) and torch.equal(after, want["tensor"]):
        return None
    return Violation("The tensor was changed by quantize_nf4.", want["tensor"], after)


# --- dequantize_nf4 ----------------------------------------------------------------------------------------


class Dequantize(Experiment):
    """Dequantize codes and scales that the judge made."""

    id, probe, draws = "dequantize", "dequantize", 0.5
    space = {
        "shape": SHAPES,
        "block_size": BLOCKS,
        "scales": (*claims.KINDS, "some zero"),
        "call": ("keywords", "positional", "defaults"),
    }
    base = {"shape": [64], "block_size": 64, "scales": "ints", "call": "keywords"}
    cover = (
        {"shape": [2, 64], "scales": "normal"},
        {"shape": [4, 96], "scales": "wide", "call": "defaults"},
        {"shape": [2, 2, 64], "call": "positional"},
        {"shape": [41, 1024], "scales": "normal"},
        {"shape": [100, 64], "scales": "normal"},
        {"shape": [64, 2], "scales": "normal"},
        {"shape": [4, 64], "scales": "some zero"},
        {"shape": [3, 50], "scales": "normal"},
        {"shape": [5000], "block_size": 100},
        {"shape": [100], "scales": "normal"},
        {"shape": [3, 130], "scales": "normal"},
        {"shape": [5000], "scales": "wide"},
        {"shape": [6, 32], "block_size": 16},
        {"shape": [6, 32], "block_size": 32, "call": "positional"},
        {"shape": [40], "block_size": 1},
        {"shape": [300], "block_size": 100},
        {"shape": [8192], "block_size": 4096},
        {"shape": []},
        {"shape": [0]},
        {"shape": [0, 4]},
        {"shape": [2, 192], "scales": "wide", "call": "defaults"},
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        block = DEFAULT_BLOCK if case["call"] == "defaults" else case["block_size"]
        count = math.prod(case["shape"])
        rng = np.random.Generator(np.random.Philox(key=[case["seed"], 2]))
        codes = torch.from_numpy(rng.integers(0, 16, count).astype(np.uint8)).reshape(tuple(case["shape"]))
        n_blocks = -(-count // block)
        kind = "normal" if case["scales"] == "some zero" else case["scales"]
        scales = claims.contents(kind, [n_blocks], case["seed"], 3).abs().to(torch.float32)
        if case["scales"] == "some zero":  # their codes are 7, as in a block of zeros
            scales[::2] = 0
            codes.reshape(-1)[(torch.arange(count) // block) % 2 == 0] = 7
        return {"codes": codes, "scales": scales, "block_size": block, "call": case["call"]}

    def oracle(self, case: Case, seen: Seen) -> dict[str, Any]:
        sent = self.arguments(case)
        return {
            **sent,
            "values": dequantize_nf4(sent["codes"], sent["scales"], sent["block_size"]).to(torch.float64),
        }

    def limit(self, case: Case) -> float:
        return 30.0 if math.prod(case["shape"]) > 1000 else 4.0

    def blame(self, case: Case, failure: Failure) -> str:
        return (
            "dequantize_values" if plain(case) or failure.step.endswith("any codes)") else "dequantize_blocks"
        )

    def describe(self, case: Case) -> dict[str, Any]:
        sent = self.arguments(case)
        return {
            name: sent[name]
            for name in ("codes", "scales", "block_size")
            if (name, case["call"]) != ("block_size", "defaults")
        }

    def traits(self, case: Case) -> dict[str, Any]:
        return shape_traits(case)


dequantize = Dequantize()


def plain(case: Case) -> bool:
    """Whole blocks of 64 in a tensor that is not empty."""
    count = math.prod(case["shape"])
    return (
        count > 0
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
    return _values(seen, want, want["values"]) if plain(case) else NOT_APPLICABLE


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
    sentence="Blocks of `block_size`; the last block may be shorter. An empty tensor gives empty codes and no scales.",
)
def dequantize_blocks(case: Case, seen: Seen, want: Any) -> Verdict:
    """dequantize_nf4 follows the block size, a shorter last block, and empty codes."""
    if plain(case):
        return NOT_APPLICABLE
    if not _answers(seen):
        raise NotSeen("values")
    wrong = _values(seen, want, want["values"])
    if wrong is None:
        return None
    own = _own_values(seen, want)  # wrong levels are `dequantize_values`'
    got = seen["values"]
    if isinstance(got, Tensor) and got.numel() == own.numel():
        own = torch.where(torch.isfinite(own), own, got.reshape(own.shape).to(own.dtype))
    return _values(seen, want, own)


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
