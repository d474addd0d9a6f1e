"""What the page of a run says: its figures, what stands out, and where the grader failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graders.feedback import statistics
from graders.feedback.tables import run_columns
from graders.feedback.untrusted import ID_LIMIT, number, visible
from graders.feedback.values import is_number

_OF_THE_PROCESS = {"judge_memory_mb"}  # which grades one submission after the other
_FEWEST = 8  # submissions among which one can stand out
_LONG_TEXT = {"failure", "details"}
_UNSHOWN = {"assignment", "salt", "schema_version"}


@dataclass(frozen=True)
class Failure:
    """A submission that the grader failed on."""

    student: str
    message: str
    details: str


@dataclass(frozen=True)
class Column:
    """One figure of each submission."""

    name: str
    is_number: bool


@dataclass(frozen=True)
class Outlier:
    """A figure of a submission that lies far above those of the others."""

    student: str
    name: str
    value: str
    median: str


def running(run: Mapping[str, Any]) -> dict[str, Any]:
    """The template's values. `run` has plain figures, and under `students` a dict for each submission."""
    students: list[Mapping[str, Any]] = list(run.get("students", ()))
    keys = [key for key in run_columns(students) if key not in _LONG_TEXT]
    plain = {key: value for key, value in run.items() if isinstance(value, str | int | float)}
    figures = [(_named(key), _cell(value)) for key, value in plain.items() if key not in _UNSHOWN]
    for key in keys:
        numbers = [row[key] for row in students if is_number(row.get(key))]
        if numbers and key.endswith("cpu_seconds"):
            figures.append((f"{_named(key)}, all submissions", number(round(float(sum(numbers)), 1))))
    return {
        "assignment": visible(run.get("assignment"), ID_LIMIT),
        "failures": [
            Failure(
                visible(row.get("student_id"), ID_LIMIT),
                visible(row["failure"], 500),
                visible(row.get("details"), 8000, keep_lines=True),
            )
            for row in students
            if row.get("failure")
        ],
        "figures": figures,
        "outliers": [outlier for key in keys for outlier in _outliers(key, students)],
        "columns": [Column(_named(key), any(is_number(row.get(key)) for row in students)) for key in keys],
        "rows": [[_cell(row.get(key, "")) for key in keys] for row in students],
    }


def _outliers(key: str, students: list[Mapping[str, Any]]) -> Iterator[Outlier]:
    """Those of one figure, among enough submissions that were graded in this run; the largest first."""
    if key in _OF_THE_PROCESS:
        return
    measured = [(float(row[key]), row) for row in students if is_number(row.get(key))]
    values = [value for value, _ in measured]
    if len(values) < _FEWEST:
        return
    median = number(round(statistics.typical(values)[0], 2))
    found = [each for each, out in zip(measured, statistics.outliers(values), strict=True) if out]
    for value, row in sorted(found, key=lambda each: -each[0]):
        yield Outlier(visible(row.get("student_id"), ID_LIMIT), _named(key), number(value), median)


def _named(key: str) -> str:
    special = {"student_id": "student", "how": "graded or kept"}
    return special.get(key) or visible(key, 60).replace("_", " ").replace(" mb", " in MB").replace(
        "cpu", "CPU"
    )


def _cell(value: object) -> str:
    return number(value) if is_number(value) else visible(value, ID_LIMIT)
