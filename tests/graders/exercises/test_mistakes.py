"""The reference solutions with a mistake in them: every third here, all of them in `make bank`."""

import pytest

from graders.judge.box import Box
from graders.settings import Settings
from tests.bank.changes import TABLES, changed
from tests.graders.grading import EXERCISES, grade_text

SOME = [(exercise, mistake) for exercise, table in TABLES.items() for mistake in list(table)[::3]]


@pytest.mark.parametrize(("exercise", "mistake"), SOME)
def test_a_mistake_costs_points(exercise: str, mistake: str, box: Box) -> None:
    """The reference solution with one mistake in it loses points, never by the grader's own fault."""
    report = grade_text(EXERCISES[exercise], changed(exercise)[mistake].encode(), box, Settings(), "first")

    assert report.status == "graded"
    assert report.score < report.max_score
    assert not any(item.status == "error" for item in report.properties)
