"""What the judge takes from a worker's word, and what it asks twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from graders.judge.answer import Answer
from graders.judge.reading import Submission
from graders.judge.session import Material, Session, _tried


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
    assert _tried(Answer("replied", {"tried": told}, "", 0.0, 0.0)) == taken


@pytest.mark.parametrize("value", [None, {}, [], "tried"])
def test_other_answers_say_nothing(value: Any) -> None:
    """An answer of another shape, or none, names nothing."""
    assert _tried(Answer("replied", value, "", 0.0, 0.0)) == set()
    assert _tried(Answer("crashed", {"tried": ["network"]}, "", 0.0, 0.0)) == set()


class ScriptedBox:
    """A box whose workers answer as it is written, and which notes the limits and who was alone."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.asked = list(answers), list[tuple[float, bool]]()
        self.peak, self.is_alone = 0, False

    def worker(self) -> ScriptedBox:
        return self

    def close(self) -> None:
        pass

    @contextmanager
    def alone(self) -> Iterator[None]:
        self.is_alone = True
        yield
        self.is_alone = False

    def ask(self, message: Any, *, cpu_seconds: float, wall_seconds: float | None) -> Answer:
        self.asked.append((cpu_seconds, self.is_alone))
        return self.answers.pop(0)


FOUND = Answer("replied", {"found": {"f": {"state": "attempt", "where": "file"}}}, "", 1.0, 2.0)
LATE = Answer("timed_out", None, "", 11.0, 12.0)
MATERIAL = Material("exercise", ("f",), {"exercise": ("f",)}, {}, "")


@pytest.mark.parametrize("kind", ["timed_out", "out_of_memory"])
def test_what_a_busy_machine_may_have_done_is_done_again_alone(kind: Any) -> None:
    """Loading or a call that ran out of time or memory is tried once more, alone, before it counts."""
    lost, saw = Answer(kind, None, "", 1.0, 3.0), Answer("replied", {"seen": {"y": 1}}, "", 0.5, 0.5)
    box = ScriptedBox(lost, lost, FOUND, lost, FOUND, saw)
    session = Session(box, Submission("ada", "lora_theory", {"exercise.py": b""}), MATERIAL)  # type: ignore[arg-type]
    assert session.load().status == "graded"
    assert session.ask("probe", {}, 1, 4.0).values == {"y": 1}
    assert box.asked == [(10.0, False), (10.0, False), (20.0, True), (4.0, False), (20.0, True), (8.0, True)]
    assert session.wall_seconds == sum((3.0, 3.0, 2.0, 3.0, 2.0, 0.5))


def test_what_is_lost_alone_too_counts() -> None:
    """Where it is lost once more, that is what happened."""
    session = Session(
        ScriptedBox(*[LATE] * 3), Submission("ada", "lora_theory", {"exercise.py": b""}), MATERIAL
    )  # type: ignore[arg-type]
    assert session.load().status == "timed_out"
