"""Pictures of exercise 4: which codes are wrong, level by level, and the scales as bars."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from graders import claims
from graders.exercise import Case, Experiment, Seen
from graders.exercises.nf4_quantization.quantization import quantize
from graders.exercises.nf4_quantization.tensors import LEVELS, TIE, VALUE_WORDS

MOST_SCALES = 12
OF_CODES = ("nearest_level", "last_block", "block_size", "any_dtype", "any_tensor")


def picture(experiment: Experiment, case: Case, seen: Seen, property_id: str) -> dict[str, Any] | None:
    """The codes over the 16 levels, or the scales beside those expected."""
    if experiment is not quantize:
        return None
    want = quantize.oracle(case, seen)
    if property_id == "scales":
        return _scales(seen["scales"], want["largest"])
    return _levels(case, seen["codes"], want) if property_id in OF_CODES else None


def _scales(scales: Any, largest: Tensor) -> dict[str, Any] | None:
    if (
        not isinstance(scales, Tensor)
        or scales.shape != largest.shape
        or not 1 < largest.numel() <= MOST_SCALES
    ):
        return None
    if not scales.is_floating_point() or not bool(torch.isfinite(scales).all()):
        return None
    pairs = zip(scales.to(torch.float64).tolist(), largest.tolist(), strict=True)
    rows = [
        {"label": f"scales[{at}]", "yours": mine, "expected": other} for at, (mine, other) in enumerate(pairs)
    ]
    return {"kind": "bars", "title": "Scales of this case, block by block", "unit": "", "rows": rows}


def _levels(case: Case, codes: Any, want: dict[str, Any]) -> dict[str, Any] | None:
    """For each level: how many values are nearest to it, how many got another code, and the furthest one given."""
    if claims.tensor("", codes, shape=want["tensor"].shape, dtype=torch.uint8) or not codes.numel():
        return None
    given = codes.reshape(-1).long()
    scale = want["largest"][want["number"]]
    if int(given.max()) > 15 or not bool((scale > 0).any()):
        return None
    ratio = (want["flat"] / torch.where(scale > 0, scale, torch.ones_like(scale)))[scale > 0]
    given = given[scale > 0]
    distance = (ratio[:, None] - LEVELS).abs()  # (values, 16)
    right = distance.argmin(1)
    wrong = distance.gather(1, given[:, None]).squeeze(1) > distance.amin(1) + TIE
    if not bool(wrong.any()):
        return None
    rows = []
    for code, level in enumerate(LEVELS.tolist()):
        mine = given[wrong & (right == code)]
        furthest = int(mine[(mine - code).abs().argmax()]) if mine.numel() else None
        rows.append({
            "level": level, "count": int((right == code).sum()), "wrong": int(mine.numel()),
            "given": None if furthest is None else float(LEVELS[furthest]),
        })  # fmt: skip
    title = f"Codes of {ratio.numel()} values ({VALUE_WORDS[case['values']]}), by the level nearest to value / scale"
    return {"kind": "levels", "title": title, "levels": rows}
