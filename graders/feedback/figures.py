"""The figures of a class as files: CSV for spreadsheets, JSON for programs. Nothing in them tells the time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graders.feedback.clusters import Cluster
from graders.feedback.course import Course
from graders.feedback.items import Item, Pair, Power
from graders.feedback.mistakes import Frequency
from graders.feedback.tables import grades_csv
from graders.feedback.untrusted import csv_line
from graders.report import Report

SCHEMA_VERSION = 1


def files(course: Course) -> dict[str, str]:
    """Each file's text by its name."""
    tables: Mapping[str, Callable[[Course], Iterable[Iterable[object]]]] = {
        "claims.csv": _claims,
        "pairs.csv": _pairs,
        "mistakes.csv": _mistakes,
        "clusters.csv": _clusters,
        "submissions.csv": _submissions,
    }
    texts = {name: "".join(map(csv_line, table(course))) for name, table in tables.items()}
    data = json.dumps(as_data(course), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return {"grades.csv": grades_csv(course.reports, course.failed), **texts, "class.json": data}


def as_data(course: Course) -> dict[str, Any]:
    """`class.json`: all figures, and under each the ids of the students that are meant."""
    return {
        "schema_version": SCHEMA_VERSION,
        "assignment": sorted({report.assignment for report in course.reports}),
        "submissions": len(course.reports),
        "students": [_student(report) for report in course.reports],
        "claims": [_item(item) for item in course.items],
        "pairs": [_pair(pair) for pair in course.pairs],
        "mistakes": [_mistake(row) for row in course.mistakes],
        "clusters": [_cluster(cluster) for cluster in course.clusters],
        "grader_failed": dict(sorted(course.failed.items())),
        "needs_person": [
            {"student_id": report.student_id, "exercise": part.id, "claim": outcome.id}
            for report, part, outcome in course.persons
        ],
        "not_graded": [
            {
                "student_id": report.student_id,
                "exercise": part.id,
                "status": part.status,
                "message": part.message,
            }
            for report, part in course.ungraded
        ],
        "refused": [
            {"student_id": report.student_id, "exercise": part.id, "tried": list(part.refused)}
            for report, part in course.refused
        ],
        "similar": None
        if course.similar is None
        else [
            {
                "first": each.first,
                "second": each.second,
                "exercise": each.exercise,
                "share": each.share,
                "common": each.common,
            }
            for each in course.similar
        ],
    }


def _student(report: Report) -> dict[str, Any]:
    return {
        "student_id": report.student_id,
        "score": report.score,
        "max_score": report.max_score,
        "status": report.status,
        "exercises": {part.id: {"score": part.score, "status": part.status} for part in report.exercises},
    }


def _power(power: Power | None) -> dict[str, Any] | None:
    if power is None:
        return None
    return {"correlation": _rounded(power.correlation), "discrimination": _rounded(power.discrimination)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4) + 0.0


def _item(item: Item) -> dict[str, Any]:
    return {
        "exercise": item.exercise,
        "claim": item.claim,
        "title": item.title,
        "holds": item.holds,
        "judged": item.judged,
        "not_run": item.not_run,
        "within_exercise": _power(item.within),
        "overall": _power(item.overall),
        "flag": item.flag,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": {"exercise": pair.first.exercise, "claim": pair.first.claim, "fails": pair.first_fails},
        "second": {"exercise": pair.second.exercise, "claim": pair.second.claim, "fails": pair.second_fails},
        "both_fail": pair.both,
        "of": pair.of,
        "lift": _rounded(pair.lift),
    }


def _mistake(row: Frequency) -> dict[str, Any]:
    interval = row.interval and [_rounded(value) for value in row.interval]
    return {
        "exercise": row.exercise,
        "id": row.id or None,
        "title": row.title,
        "count": len(row.members),
        "of": row.of,
        "interval_95": interval,
        "students": _ids(row.members),
    }


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "exercise": cluster.exercise,
        "failures": [
            {"claim": claim, "status": status, "message": message}
            for claim, status, message in cluster.failures
        ],
        "students": _ids(cluster.members),
        "worth_a_name": cluster.worth_a_name,
        "smallest_case": {
            "student_id": cluster.smallest.student_id,
            "claim": cluster.outcome.id,
            "message": cluster.outcome.message,
            "arguments": dict(cluster.arguments),
        },
    }


def _ids(reports: Iterable[Report]) -> list[str]:
    return [report.student_id for report in reports]


# ------------------------------------------------------------------------------------------------------ CSV


def _claims(course: Course) -> Iterable[Iterable[object]]:
    yield (
        "exercise", "claim", "title", "holds", "judged", "not_run",
        "correlation_exercise", "correlation_all", "discrimination_exercise", "discrimination_all", "flag",
    )  # fmt: skip
    for item in course.items:
        powers = (item.within, item.overall)
        correlations = [_cell(power.correlation if power else None) for power in powers]
        discriminations = [_cell(power.discrimination if power else None) for power in powers]
        counts = (item.holds, item.judged, item.not_run)
        yield item.exercise, item.claim, item.title, *counts, *correlations, *discriminations, item.flag


def _cell(value: float | None) -> object:
    return "" if value is None else round(value, 2) + 0.0  # never "-0"


def _pairs(course: Course) -> Iterable[Iterable[object]]:
    yield (
        "first_exercise", "first_claim", "second_exercise", "second_claim",
        "both_fail", "first_fails", "second_fails", "of", "lift",
    )  # fmt: skip
    for pair in course.pairs:
        claims = (pair.first.exercise, pair.first.claim, pair.second.exercise, pair.second.claim)
        yield *claims, pair.both, pair.first_fails, pair.second_fails, pair.of, pair.lift


def _mistakes(course: Course) -> Iterable[Iterable[object]]:
    yield "exercise", "mistake", "title", "count", "of", "percent", "low_95", "high_95"
    for row in course.mistakes:
        percents = [100 * value for value in (row.share, *row.interval)] if row.interval else [""] * 3
        name = row.id or "unnamed"
        yield row.exercise, name, row.title, len(row.members), row.of, *percents


def _clusters(course: Course) -> Iterable[Iterable[object]]:
    """A row for each member, so that a spreadsheet can count and filter them."""
    yield "cluster", "exercise", "size", "worth_a_name", "student_id", "claims", "message"
    for number, cluster in enumerate(course.clusters, start=1):
        claims = " ".join(claim for claim, _, _ in cluster.failures)
        for report in cluster.members:
            worth = "yes" if cluster.worth_a_name else "no"
            size = len(cluster.members)
            yield number, cluster.exercise, size, worth, report.student_id, claims, cluster.failures[0][2]


def _submissions(course: Course) -> Iterable[Iterable[object]]:
    """Everything that a person may want to look at, one kind after the other."""
    yield "why", "student_id", "exercise", "what", "message"
    for student_id, message in sorted(course.failed.items()):
        yield "grader failed", student_id, "", "", message
    for report, part, outcome in course.persons:
        yield "needs a person", report.student_id, part.id, outcome.id, outcome.message
    for report, part in course.ungraded:
        yield "not graded", report.student_id, part.id, part.status, part.message
    for report, part in course.refused:
        yield "tried what no exercise needs", report.student_id, part.id, ", ".join(part.refused), ""
    for each in course.similar or ():
        message = f"{round(100 * each.share)} % of the text in common"
        yield "nearly identical", each.first, each.exercise, each.second, message
