"""The class and the run as CSV (RFC 4180): for spreadsheets and for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graders.feedback.untrusted import csv_line
from graders.report import Report

_LONG = {"details"}  # of a run: for the JSON only


def in_order(reports: Iterable[Report]) -> list[Report]:
    """Reports by student, whatever the order they came in."""
    return sorted(reports, key=lambda report: (report.student_id.casefold(), report.student_id))


def exercise_ids(reports: Iterable[Report]) -> list[str]:
    """All exercises of the class, in the assignment's order."""
    ids: dict[str, None] = {}
    for report in sorted(reports, key=lambda report: -len(report.exercises)):
        ids.update(dict.fromkeys(exercise.id for exercise in report.exercises))
    return list(ids)


def grades_csv(reports: Iterable[Report], failed: Iterable[str] = ()) -> str:
    """`grades.csv`: one row for each student, one column for each exercise; at the end those of `failed`."""
    ordered = in_order(reports)
    ids = exercise_ids(ordered)
    text = csv_line(["student_id", "score", "max_score", *ids, "status"])
    for report in ordered:
        scores: dict[str, object] = {exercise.id: exercise.score for exercise in report.exercises}
        columns = [scores.get(id, "") for id in ids]
        text += csv_line([report.student_id, report.score, report.max_score, *columns, report.status])
    for student_id in sorted(failed):
        text += csv_line([student_id, "", "", *[""] * len(ids), "needs_person"])
    return text


def run_columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is known of a submission's run, in the order in which it first appears."""
    keys: dict[str, None] = {}
    for row in rows:
        keys.update(dict.fromkeys(key for key in row if key not in _LONG))
    return list(keys)


def run_csv(run: Mapping[str, Any]) -> str:
    """`run.csv`: time and memory of each submission's grading."""
    rows: list[Mapping[str, Any]] = list(run.get("students", ()))
    columns = run_columns(rows)
    return csv_line(columns) + "".join(csv_line(row.get(column, "") for column in columns) for row in rows)
