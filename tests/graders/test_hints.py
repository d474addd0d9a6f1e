"""Which hints a failure gets."""

from __future__ import annotations

from typing import get_args

import pytest

from graders.exercise import Exercise, FailureKind, Property, Violation
from graders.hints import STOPPED, hints_for

FIRST = Property("keys", "Keys.", 1.0, "s", "f")
LATER = Property("no_bias", "No bias.", 1.0, "s", "f", ("keys",))
EXERCISE = Exercise("e", "E", ("f",), hints={"keys": ("a.", "b?", "c."), "no_bias": ("d.", "e?", "f.")})


@pytest.mark.parametrize(
    ("claim", "kind", "hints"),
    [
        (FIRST, "violated", EXERCISE.hints["keys"]),
        (FIRST, "raised", STOPPED["raised"]),
        (LATER, "raised", EXERCISE.hints["no_bias"]),
        (LATER, "timed_out", STOPPED["timed_out"]),
        (LATER, "crashed", STOPPED["crashed"]),
    ],
)
def test_hints_are_about_what_happened(claim: Property, kind: FailureKind, hints: tuple[str, ...]) -> None:
    """A wrong value gets the claim's hints; code that stopped gets hints on that, unless the claim is about a special case."""
    assert hints_for(EXERCISE, claim, Violation("m", kind=kind)) == hints


def test_every_way_to_stop_has_its_hints() -> None:
    """There are three steps for each way in which code can end, the second a question."""
    assert set(STOPPED) == set(get_args(FailureKind))
    assert all(len(steps) == 3 and steps[1].endswith("?") for steps in STOPPED.values())
