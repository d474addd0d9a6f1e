"""What the bank grades: submissions by verdict, and mutants of the reference solutions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graders.grade import reference_submission
from tests.bank.mutants import mutants
from tests.graders.grading import EXERCISES, submissions

Kind = Literal["correct", "wrong", "mutant"]


@dataclass(frozen=True)
class Entry:
    """One text for one exercise, and what must come of it."""

    exercise: str
    kind: Kind
    name: str
    text: bytes
    label: str = (
        ""  # of a wrong one: its mistakes as its first line names them; of a mutant: the changed line
    )

    @property
    def id(self) -> str:
        """The entry in a line of a table."""
        return f"{self.exercise}/{self.kind}/{self.name}"


def entries() -> list[Entry]:
    """Every entry, exercise by exercise."""
    found = [*_submitted(), *_mutated()]
    order = list(EXERCISES)
    return sorted(found, key=lambda entry: (order.index(entry.exercise), entry.kind, entry.name))


def _submitted() -> Iterator[Entry]:
    kinds: tuple[Kind, Kind] = ("correct", "wrong")
    for kind in kinds:
        for exercise, path in submissions(kind):
            text = path.read_bytes()
            first = text.splitlines()[0].decode() if text else ""
            yield Entry(exercise, kind, path.stem, text, first.removeprefix("# mistake: "))


def _mutated() -> Iterator[Entry]:
    for exercise in EXERCISES:
        source = reference_submission("lora_theory").files[f"{exercise}.py"].decode()
        for mutant in mutants(source):
            yield Entry(exercise, "mutant", mutant.id, mutant.text.encode(), mutant.line)
