"""How often each mistake was named in the class, and how often a failure has no name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graders.feedback import statistics
from graders.feedback.clusters import failed
from graders.report import ExerciseReport, Report


@dataclass(frozen=True)
class Frequency:
    """One mistake of one exercise; `id` and `title` are empty for failures that have no name."""

    exercise: str
    exercise_title: str
    id: str
    title: str
    members: tuple[Report, ...]
    of: int  # submissions whose exercise was graded

    @property
    def share(self) -> float:
        """Of those that were graded."""
        return len(self.members) / self.of

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share; None where too few were graded to tell."""
        return statistics.wilson(len(self.members), self.of) if self.of >= statistics.FEWEST else None


def frequencies(reports: Sequence[Report]) -> list[Frequency]:
    """The mistakes of the class, the commonest first; at the end, for each exercise, what has no name."""
    graded: dict[str, list[tuple[Report, ExerciseReport]]] = {}
    for report in reports:
        for exercise in report.exercises:
            if exercise.status == "graded":
                graded.setdefault(exercise.id, []).append((report, exercise))
    named = [row for found in graded.values() for row in _named(found)]
    return sorted(named, key=lambda row: (row.id == "", -len(row.members), row.exercise, row.id))


def _named(found: list[tuple[Report, ExerciseReport]]) -> list[Frequency]:
    exercise = found[0][1]
    titles: dict[str, str] = {}
    members: dict[str, list[Report]] = {}
    for report, part in found:
        names = {mistake.id: mistake.title for mistake in part.mistakes}
        if not names and failed(part):
            names = {"": ""}
        for name, title in names.items():
            titles.setdefault(name, title)
            members.setdefault(name, []).append(report)
    title = exercise.title or exercise.id
    return [
        Frequency(exercise.id, title, name, titles[name], tuple(members[name]), len(found)) for name in titles
    ]
