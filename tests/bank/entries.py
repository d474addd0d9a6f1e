"""What the bank grades: submissions by verdict, and mutants of the reference solutions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graders.grade import reference_submission
from graders.judge.reading import Submission
from tests.bank.changes import changed
from tests.bank.mutants import mutants
from tests.graders.grading import EXERCISES, submissions

Kind = Literal["correct", "wrong", "mutant", "variant"]


@dataclass(frozen=True)
class Entry:
    """One text for one exercise, and what must come of it."""

    exercise: str
    kind: Kind
    name: str
    text: bytes
    label: str = ""  # of a wrong one: its mistakes as its first line names them; of a mutant: the changed line, or the mistake made by hand
    cells: tuple[str, ...] = ()  # of a notebook: its code cells, in place of `text`

    @property
    def id(self) -> str:
        """The entry in a line of a table."""
        return f"{self.exercise}/{self.kind}/{self.name}"

    @property
    def submission(self) -> Submission:
        """The entry as if somebody had handed it in."""
        if not self.cells:
            return Submission("somebody", "lora_theory", {f"{self.exercise}.py": self.text})
        cells = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in self.cells]
        book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        return Submission("somebody", "lora_theory", {}, json.dumps(book).encode(), "lora_theory.ipynb")


def entries() -> list[Entry]:
    """Every submission and mutant, exercise by exercise."""
    found = [*submitted(), *_mutated()]
    order = list(EXERCISES)
    return sorted(found, key=lambda entry: (order.index(entry.exercise), entry.kind, entry.name))


def submitted() -> Iterator[Entry]:
    """Every submission of the folders named for a verdict."""
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
        for mistake, text in changed(exercise).items():
            yield Entry(exercise, "mutant", mistake, text.encode(), mistake)
