"""Failures without a name, put together where the same was observed.

Two submissions of an exercise are in one cluster if the same claims failed in the same way: with the same
messages, once numbers, names and lines of code are taken out of them. A cluster of three or more is worth a
name: most likely an idea that went wrong, and that the library of mistakes does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from graders.feedback.values import argument
from graders.report import ExerciseReport, Outcome, Report

WORTH_A_NAME = 3
_MOST_ARGUMENTS = 24

_OWN_LINE = re.compile(r"(?m)^Line \d+: .*$")
_NAME = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)|“[^”\n]*”")
_NUMBER = re.compile(r"(?<!\w)[-+]?(?:\d[\d_]*\.?\d*(?:e[-+]?\d+)?|\.\d+|nan|inf)(?!\w)", re.IGNORECASE)
_LIST = re.compile(r"[(\[]?#(?:\s*[,x×]\s*#)+,?[)\]]?|[(\[]#,?[)\]]")

Failure = tuple[str, str, str]  # claim's id, its status, its message without numbers and names


@dataclass(frozen=True)
class Cluster:
    """Submissions of one exercise that fail in the same way, without a name for it."""

    exercise: str
    title: str
    failures: tuple[Failure, ...]
    members: tuple[Report, ...]  # by student, as given
    smallest: Report  # the member with the smallest case, and
    outcome: Outcome  # the failed claim that has it

    @property
    def worth_a_name(self) -> bool:
        """Whether the cluster is large enough to be an idea rather than a slip."""
        return len(self.members) >= WORTH_A_NAME

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """The smallest case's arguments as short text."""
        given = (self.outcome.counterexample or {}).get("arguments") or {}
        return [(str(name), argument(value)) for name, value in list(given.items())[:_MOST_ARGUMENTS]]


def stripped(message: str) -> str:
    """A message without what differs between two submissions that do the same: numbers, names, their code."""
    text = _OWN_LINE.sub("", message)
    text = _NAME.sub("…", text)
    text = _LIST.sub("#", _NUMBER.sub("#", text))
    return " ".join(text.split())


def failed(exercise: ExerciseReport) -> list[Outcome]:
    """The claims that do not hold, those that ran out of time among them."""
    return [outcome for outcome in exercise.properties if outcome.status in ("failed", "timed_out")]


def signature(exercise: ExerciseReport) -> tuple[Failure, ...]:
    """What was observed of a submission's failures in an exercise."""
    return tuple(
        sorted((outcome.id, outcome.status, stripped(outcome.message)) for outcome in failed(exercise))
    )


def clustered(reports: Iterable[Report]) -> list[Cluster]:
    """The unnamed failures of the class, the largest cluster first."""
    found: dict[tuple[str, tuple[Failure, ...]], list[tuple[Report, ExerciseReport]]] = {}
    for report in reports:
        for exercise in report.exercises:
            if exercise.status == "graded" and not exercise.mistakes and failed(exercise):
                found.setdefault((exercise.id, signature(exercise)), []).append((report, exercise))
    result = [_cluster(failures, members) for (_, failures), members in found.items()]
    return sorted(result, key=lambda cluster: (-len(cluster.members), cluster.exercise, cluster.failures))


def _cluster(failures: tuple[Failure, ...], members: list[tuple[Report, ExerciseReport]]) -> Cluster:
    cases = [(_size(outcome), report, outcome) for report, part in members for outcome in failed(part)]
    _, smallest, outcome = min(cases, key=lambda case: (case[0], case[1].student_id, case[2].id))
    exercise = members[0][1]
    reports = tuple(report for report, _ in members)
    return Cluster(exercise.id, exercise.title or exercise.id, failures, reports, smallest, outcome)


def _size(outcome: Outcome) -> int:
    """How long a case is to read; what has none comes last."""
    if outcome.counterexample is None:
        return 1 << 30
    return len(json.dumps(outcome.counterexample.get("arguments"), default=str))
