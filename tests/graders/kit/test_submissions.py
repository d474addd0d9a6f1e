"""A few correct and wrong submissions of each exercise; all of them: `python -m tests.bank.kit`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bank.kit import Kit, why
from tests.graders.grading import EXERCISES, label_of, submissions

CORRECT, WRONG = 3, 6


@pytest.fixture(scope="module")
def process(kit: Path) -> Iterator[Kit]:
    """One process of the kit."""
    with Kit(kit) as running:
        yield running


def chosen(verdict: str, count: int) -> list[tuple[str, Path]]:
    """Some submissions of each exercise, spread over their names. Of mistakes without a name the kit sees most, not all."""
    found = []
    for exercise in EXERCISES:
        named = [
            item for item in submissions(verdict) if verdict == "correct" or label_of(item[1]) != "unnamed"
        ]
        paths = [path for name, path in named if name == exercise]
        found += [(exercise, path) for path in paths[:: -(-len(paths) // count)]]
    return found


@pytest.mark.parametrize(
    ("exercise", "path"), chosen("correct", CORRECT), ids=lambda item: getattr(item, "stem", item)
)
def test_a_correct_submission_passes_the_kit(process: Kit, exercise: str, path: Path) -> None:
    """Whatever the contract leaves open."""
    sheet = process.check(exercise, path)
    assert sheet.complete, why(sheet)


@pytest.mark.parametrize(
    ("exercise", "path"), chosen("wrong", WRONG), ids=lambda item: getattr(item, "stem", item)
)
def test_a_wrong_submission_fails_the_kit(process: Kit, exercise: str, path: Path) -> None:
    """And a claim, or the reason why nothing could be looked at, is told."""
    sheet = process.check(exercise, path)
    assert not sheet.complete
    assert sheet.failing or sheet.message
