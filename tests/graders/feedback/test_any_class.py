"""Classes of any size and any luck: every page can be made of them."""

from __future__ import annotations

import json
import random
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.feedback import pages
from graders.report import REFUSALS, ExerciseReport, ExerciseStatus, NamedMistake, Report
from tests.graders.feedback import samples
from tests.graders.feedback.markup import Markup

STATUSES = [status for status in get_args(ExerciseStatus) if status != "graded"]
PAGES = ("index.html", "claims.html", "mistakes.html", "submissions.html")


def some_exercise(draw: random.Random, id: str, luck: float) -> ExerciseReport:
    """An exercise of a student: right, wrong here and there, or not graded."""
    if draw.random() > luck:
        return samples.not_graded(id, draw.choice(STATUSES), draw.choice(("", "Line 1:\nsyntax")))
    _, items = samples.EXERCISES[id]
    changes = {}
    for item in items:
        if draw.random() < 0.3:
            status = draw.choice(("failed", "failed", "timed_out", "not_run", "error"))
            case = {"arguments": {"rank": draw.randrange(4)}, "observed": samples.tensor([], [0])}
            changes[item[0]] = samples.outcome(
                item, status, message=draw.choice(("", "It is 1.", "It is 2.\nMore.")),
                counterexample=case if status == "failed" else None, needs_person=status == "error",
            )  # fmt: skip
    idea = NamedMistake(draw.choice("abc"), "An idea", "Look.", "It explains all.")
    named = (idea,) if changes and draw.random() < 0.5 else ()
    return samples.exercise(
        id, changes, mistakes=named, refused=(draw.choice(REFUSALS),) * (draw.random() < 0.1)
    )


def some_class(size: int, seed: int) -> list[Report]:
    """A class in which each exercise is handed in by a share of its own, from nobody to everybody."""
    draw = random.Random(seed)
    luck = {id: draw.choice((0.0, 0.1, 0.6, 0.95, 1.0)) for id in samples.EXERCISES}
    ids = [id for id in samples.EXERCISES if draw.random() < 0.8]  # `--only` leaves some out
    return [
        samples.report(f"student{number}", *(some_exercise(draw, id, luck[id]) for id in ids))
        for number in range(size)
    ]


@given(st.one_of(st.integers(0, 5), st.integers(27, 33), st.just(70)), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_class_of_any_luck_has_its_pages(size: int, seed: int) -> None:
    """Each page is sound, whoever handed in what, and the figures can be read again."""
    reports = some_class(size, seed)
    files = dict(pages.class_files(reports, failed={"gone": "the grader broke"} if seed % 2 else None))

    for name in PAGES:
        assert Markup(files[name]).errors == [], name
    assert json.loads(files["class.json"])
    assert files["grades.csv"].count("student") >= size
    for report in reports[:3]:
        assert Markup(pages.student_page(report)).errors == []
