"""What the judge takes from a worker's word."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from graders.judge.answer import Answer
from graders.judge.session import _tried


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        (["network", "new process"], {"network", "new process"}),
        (["network", "network", "<b>", "", "nothing at all"], {"network"}),
        ([1, None, ["network"], {"network": 1}, torch.ones(2)], set()),
        ("network", set()),
        ({"network": 1}, set()),
        (None, set()),
    ],
)
def test_only_known_words_are_taken(told: Any, taken: set[str]) -> None:
    """Of what a worker says a submission tried, only the words of the closed list count, whatever it sends."""
    assert _tried(Answer("replied", {"tried": told}, "", 0.0, 0.0, False)) == taken


@pytest.mark.parametrize("value", [None, {}, [], "tried"])
def test_other_answers_say_nothing(value: Any) -> None:
    """An answer of another shape, or none, names nothing."""
    assert _tried(Answer("replied", value, "", 0.0, 0.0, False)) == set()
    assert _tried(Answer("crashed", {"tried": ["network"]}, "", 0.0, 0.0, False)) == set()
