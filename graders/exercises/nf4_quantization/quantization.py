"""What is asked of `quantize_nf4`.

Beside each case the student's function gets a plain one. What is wrong there has been paid for, and the unusual
cases are judged on the rest: codes by the scales that were returned, scales by themselves.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    Experiment,
    Failure,
    NotApplicable,
    NotSeen,
    Seen,
    Violation,
)
from graders.exercises.nf4_quantization.tensors import (
    BLOCKS,
    DEFAULT_BLOCK,
    LAYOUT_WORDS,
    LEVELS,
    SHAPES,
    TIE,
    VALUE_WORDS,
    VALUES,
    Verdict,
    blocks_of,
    exercise,
    make_tensor,
    shape_traits,
    splits_rows,
)


class Quantize(Experiment):
    """Quantize a tensor."""

    id, probe, pictured = "quantize", "quantize", "first"  # the smallest case has few levels
    space = {
        "shape": SHAPES,
        "block_size": BLOCKS,
        "values": VALUES,
        "dtype": ("float32", "float32", "float32", "float64", "float16", "bfloat16"),
        "layout": ("contiguous", "contiguous", "transposed", "strided", "channels last", "slice"),
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
        {"shape": [200], "values": "falling"},
        {"shape": [3, 130], "values": "wide"},
        {"shape": [5000], "values": "normal", "call": "defaults"},
        {"shape": [10], "values": "ints"},
        {"shape": [65], "values": "blocks"},
        {"shape": [8, 64], "values": "far"},
        {"shape": [4, 64], "values": "largest"},
        {"shape": [6, 64], "values": "one sign"},
        {"shape": [2058], "block_size": 49},
        {"shape": [4100], "block_size": 41, "call": "positional"},
        {"shape": [3000], "block_size": 2},
        {"shape": [9900], "block_size": 5000},
        {"shape": [10], "block_size": 1, "values": "zeros"},
        {"shape": [4, 3, 8, 8], "layout": "channels last"},
        {"shape": [3, 0, 2]},
        {"shape": [0], "dtype": "float16"},
        {"shape": [4, 64], "dtype": "float16", "values": "far"},
        {"shape": [3, 5, 32], "values": "normal"},
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
        {"dtype": "bfloat16", "shape": [1000], "values": "falling"},
        {"dtype": "float16", "shape": [5000], "values": "falling"},
        {"dtype": "float16", "values": "zeros"},
        {"layout": "transposed", "shape": [32, 4]},
        {"layout": "strided", "shape": [5, 130]},
        {"layout": "slice", "shape": [2, 64]},
        {"shape": []},
        {"shape": [1]},
        {"shape": [0]},
        {"shape": [0, 4]},
        {"shape": [2, 192], "values": "wide"},
        {"shape": [192], "values": "normal", "call": "positional"},
        {
            "shape": [40, 1024]
        },  # middles of levels that a first call left in float16 miss one value of two thousand
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
            "changed": case["call"] == "positional" and feature(case) == "plain",
        }

    def unsaid(self, case: Case, seen: Seen) -> bool:
        pair = {"returned"} if "returned" in seen else {"codes", "scales"}
        return not {"plain", "tensor", *pair} <= seen.values.keys()

    def oracle(self, case: Case, seen: Seen) -> dict[str, Any]:
        sent = self.arguments(case)
        return {**sent, **truth_of(sent["tensor"], sent["block_size"]), "unusual": feature(case)}

    def ends_with(self, case: Case) -> bool:
        # what a first call leaves behind: the next of the cover cases calls with float16 before anything else
        return bool(case["dtype"] == "float16" and case["shape"] == [5000])

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
            shown["memory layout"] = LAYOUT_WORDS[case["layout"]]
        return shown

    def traits(self, case: Case) -> dict[str, Any]:
        return {
            **shape_traits(case),
            "dtype": case["dtype"],
            "memory layout": LAYOUT_WORDS[case["layout"]],
            "values": VALUE_WORDS[case["values"]],
        }


quantize = Quantize()


def plain_tensor(case: Case) -> Tensor:
    """Two blocks of 64 in two rows, one of them with its largest value below 0; every level occurs."""
    tensor = claims.contents("normal", [2, DEFAULT_BLOCK], case["seed"], 5).to(torch.float32)
    tensor[0, 3], tensor[1, 60] = -5.123, 6.321
    tensor[1, 20:36] = 6.3 * LEVELS.to(torch.float32)
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
    if count == 0 or not case["shape"] or not _laid_out_plainly(case):
        return "any_tensor"
    if block != DEFAULT_BLOCK or splits_rows(case["shape"]):
        return "block_size"
    return "last_block" if count % block else "plain"


def cut_short(case: Case) -> bool:
    """Whether the last of the unusual blocks is short as well."""
    return feature(case) == "block_size" and math.prod(case["shape"]) % case["block_size"] != 0


def _laid_out_plainly(case: Case) -> bool:
    """Whether the layout in memory is nothing unusual."""
    if case["layout"] != "slice" and math.prod(case["shape"]) == 1:
        return True
    if case["layout"] == "transposed":
        return len(case["shape"]) < 2
    if case["layout"] == "channels last":
        return len(case["shape"]) != 4
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
    best = (ratio[:, None] - LEVELS).abs().amin(1)
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


FAR_OFF = 256.0  # a scale that is so much too small is no measure for codes


def _codes_off(codes: Any, given: Any, want: dict[str, Any]) -> Violation | None:
    """What is wrong with codes of which the form does not matter, for the right scales or for those returned."""
    readings = _readings(codes, want["flat"].numel())
    only = (want["largest"] > 0)[want["number"]]
    wrong = [_check_codes(flat, want, want["largest"], only) for flat in readings]
    if None in wrong:
        return None
    if isinstance(given, Tensor) and given.is_floating_point() and given.numel() == want["largest"].numel():
        own = given.reshape(-1).to(torch.float64)  # a wrong scale is paid for once: the codes may fit it
        small = (own.abs() * FAR_OFF < want["largest"])[own != 0]
        if len(small) and bool(small.all()):
            return wrong[0]  # by scales that are small enough, every code is a sign
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
    return _codes_off(seen["codes"], given, want) or _codes_kept(seen)


def _codes_kept(seen: Seen) -> Violation | None:
    """The codes of a tensor that was quantized before with other values are those of its values now, and leave the first ones."""
    first, later = seen["codes"], seen.values.get("codes after another call")
    if isinstance(first, Tensor) and isinstance(later, Tensor) and not torch.equal(first, later):
        return Violation(
            "The codes that were returned change when the function is called again.", first, later
        )
    kept, fresh = seen.values.get("codes when changed"), seen.values.get("codes of a copy")
    if not isinstance(kept, Tensor) or not isinstance(fresh, Tensor) or torch.equal(kept, fresh):
        return None
    return Violation(
        "Quantized again after its values were changed in place, a tensor gets other codes than a copy of it.",
        fresh,
        kept,
    )


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
    if not isinstance(given, Tensor):
        raise NotSeen("scales")
    if given.numel() != zero.numel():
        if feature(case) != "plain" or "scales" in _paid(seen, want):
            raise NotSeen("scales")
        return _count_scales(given, want)
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
