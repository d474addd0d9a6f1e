"""Facts: told where they are true of every case and the only ones that are, else nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from graders.exercise import Violation
from graders.judge.facts import proportion, separation


def cases(count: int, /, **values: Any) -> list[dict[str, Any]]:
    """That many cases; a list of values is gone through, again and again."""
    return [
        {name: value[at % len(value)] if isinstance(value, list) else value for name, value in values.items()}
        for at in range(count)
    ]


@pytest.mark.parametrize(
    ("held", "violated", "sentence"),
    [
        (
            cases(12, rank=1, alpha=[1, 2]),
            cases(31, rank=[2, 3, 8], alpha=[1, 2]),
            "Right for rank 1 (12 cases), wrong for every rank above 1 (31 cases).",
        ),
        (
            cases(9, count=[1, 64, 100]),
            cases(9, count=[40000, 50000]),
            "Right for count up to 100 (9 cases), wrong for count from 40000 (9 cases).",
        ),
        (
            cases(9, scale=1.0),
            cases(9, scale=[0.5, 2, 8]),
            "Right for scale 1 (9 cases), wrong for every other scale (9 cases).",
        ),
        (
            cases(20, precision=["float32", "float16"]),
            cases(20, precision=["int4"]),
            "Right for precision float16 or float32 (20 cases), wrong for precision int4 (20 cases).",
        ),
        (
            cases(20, flag=True),
            cases(5, flag=False),
            "Right for flag True (20 cases), wrong for flag False (5 cases).",
        ),
        (
            [{"rows": a, "columns": a} for a in (1, 2, 3, 4) * 3],
            [{"rows": a, "columns": b} for a, b in ((1, 2), (2, 1), (3, 2), (2, 3), (4, 1)) * 3],
            "Right where rows = columns (12 cases), wrong where rows and columns differ (15 cases).",
        ),
        (
            [{"size": a, "block": b} for a, b in ((64, 64), (6, 3), (128, 64), (9, 3)) * 3],
            [{"size": a, "block": b} for a, b in ((65, 64), (7, 3), (100, 64), (10, 3), (3, 64)) * 3],
            "Right where size is a multiple of block (12 cases), wrong where size is no multiple of block (15 cases).",
        ),
    ],
)
def test_what_separates_is_told(held: Any, violated: Any, sentence: str) -> None:
    """A value, a threshold, a choice, and how two numbers stand to each other, each with its counts."""
    assert separation(held, violated) == sentence


@pytest.mark.parametrize(
    ("held", "violated"),
    [
        (cases(2, rank=1), cases(100, rank=2)),
        (cases(3, rank=1), cases(3, rank=2)),
        (cases(20, rank=[1, 2]), cases(20, rank=[2, 3])),
        (cases(20, rank=1, size=1), cases(20, rank=2, size=5)),
        (cases(20, rank=[1, 3, 5]), cases(20, rank=[2, 4, 6])),
        ([], cases(20, rank=1)),
    ],
    ids=["two on a side", "few in all", "values meet", "two explanations", "no order", "never right"],
)
def test_what_is_not_certain_is_not_told(held: Any, violated: Any) -> None:
    """Too few cases, values that meet, and two explanations that fit equally well: silence."""
    assert separation(held, violated) == ""


def test_one_factor_is_told() -> None:
    """Where all wrong numbers are off by one factor, it is said; else not."""
    halves = [Violation("", {"key": 2.0 * n}, {"key": 1.0 * n}) for n in (1, 3, 7)]

    assert proportion(halves) == "Yours is 0.5 times what is expected in all 3 cases that are wrong."
    assert proportion(halves[:2]) == ""
    assert proportion([*halves, Violation("", 1.0, 3.0)]) == ""
    assert proportion([*halves, Violation("", torch.ones(2), torch.ones(2))]) == ""
    assert proportion([Violation("", 1.0, 0.0)] * 3) == ""
