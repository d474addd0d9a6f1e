"""How each claim fared in the class: how hard it is, whether it tells strong from weak, what fails with it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from graders.feedback import statistics
from graders.feedback.tables import exercise_ids
from graders.report import ExerciseReport, Report

MOST_PAIRS = 10
_LEVEL = 0.01  # a pair is told if chance makes one like it in fewer than one of a hundred classes
_LEAST_TOGETHER = 3

Flag = Literal["", "look for a wrong grader first", "review", "nearly nobody", "nearly all"]


@dataclass(frozen=True)
class Power:
    """How well a claim tells strong submissions from weak ones, measured without the claim itself."""

    correlation: float | None  # corrected item-total correlation
    discrimination: float | None  # D of the upper and lower 27 %


@dataclass(frozen=True)
class Item:
    """One claim over all submissions that came to it. Those that did not are counted apart."""

    exercise: str
    exercise_title: str
    claim: str
    title: str
    holds: int
    judged: int
    not_run: int
    within: Power | None = None  # against the rest of its exercise; None where too few came to it
    overall: Power | None = None  # against the rest of the assignment

    @property
    def share(self) -> float | None:
        """Difficulty: the share that holds."""
        return self.holds / self.judged if self.judged else None

    @property
    def flag(self) -> Flag:
        """What an instructor should do about it. Where nearly all are right, or nobody, D cannot be large."""
        d = self.overall.discrimination if self.overall else None
        if d is None or self.share is None:
            return ""
        if self.share < 0.1:
            return "nearly nobody"
        if self.share > 0.95:
            return "nearly all"
        if self.overall and statistics.below_chance(self.overall.correlation, self.judged):
            return "look for a wrong grader first"
        return "review" if d < 0.2 else ""


@dataclass(frozen=True)
class Pair:
    """Two claims that fail together more often than by chance."""

    first: Item
    second: Item
    both: int
    first_fails: int
    second_fails: int
    of: int  # submissions that came to both
    lift: float


@dataclass(frozen=True)
class _Row:
    """A claim's verdicts: by the report's place, whether it holds, and the points of everything else."""

    item: Item
    holds: dict[int, bool]


def all_items(reports: Sequence[Report]) -> list[Item]:
    """Every claim, in the assignment's order."""
    return [row.item for row in _rows(reports)]


def co_failures(reports: Sequence[Report]) -> list[Pair]:
    """The claims that most clearly fail together, the least likely by chance first."""
    if len(reports) < statistics.FEWEST:
        return []
    rows = [row for row in _rows(reports) if not all(row.holds.values())]
    found = [pair for first, second in itertools.combinations(rows, 2) if (pair := _pair(first, second))]
    tries = len(rows) * (len(rows) - 1) / 2
    found = [(chance, pair) for chance, pair in found if chance * tries < _LEVEL]
    found.sort(key=lambda each: each[0])  # stable: ties stay in the assignment's order
    return [pair for _, pair in found[:MOST_PAIRS]]


def _pair(first: _Row, second: _Row) -> tuple[float, Pair] | None:
    common = first.holds.keys() & second.holds.keys()
    a, b = (sum(not row.holds[i] for i in common) for row in (first, second))
    both = sum(not first.holds[i] and not second.holds[i] for i in common)
    if both < _LEAST_TOGETHER or both * len(common) <= a * b:
        return None
    chance = statistics.chance(both, a, b, len(common))
    lift = statistics.lift(both, a, b, len(common))
    return chance, Pair(first.item, second.item, both, a, b, len(common), lift)


def _rows(reports: Sequence[Report]) -> list[_Row]:
    places: dict[tuple[str, str], list[tuple[int, ExerciseReport]]] = {}
    for exercise_id in exercise_ids(reports):
        for i, report in enumerate(reports):
            for exercise in report.exercises:
                if exercise.id == exercise_id:
                    for outcome in exercise.properties:
                        places.setdefault((exercise_id, outcome.id), []).append((i, exercise))
    return [_row(claim, found, reports) for (_, claim), found in places.items()]


def _row(claim: str, found: list[tuple[int, ExerciseReport]], reports: Sequence[Report]) -> _Row:
    holds: dict[int, bool] = {}
    within: list[float] = []
    overall: list[float] = []
    not_run = 0
    for i, exercise in found:
        outcome = next(outcome for outcome in exercise.properties if outcome.id == claim)
        if exercise.status != "graded" or outcome.status == "error":
            continue
        if outcome.status == "not_run":
            not_run += 1
            continue
        holds[i] = outcome.status == "passed"
        within.append(round(exercise.score - outcome.points, 2))
        overall.append(round(reports[i].score - outcome.points, 2))
    enough = len(holds) >= statistics.FEWEST
    exercise = found[0][1]
    title = next(outcome.title for outcome in exercise.properties if outcome.id == claim)
    item = Item(
        exercise.id,
        exercise.title or exercise.id,
        claim,
        title,
        sum(holds.values()),
        len(holds),
        not_run,
        _power(list(holds.values()), within) if enough else None,
        _power(list(holds.values()), overall) if enough else None,
    )
    return _Row(item, holds)


def _power(holds: list[bool], rest: list[float]) -> Power:
    return Power(statistics.correlation(holds, rest), statistics.discrimination(holds, rest))
