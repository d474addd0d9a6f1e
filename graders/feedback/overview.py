"""What the first of the class's pages says: what to look at first, scores, each student."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from graders.feedback import words
from graders.feedback.course import Course
from graders.feedback.items import Item
from graders.feedback.mistakes import Frequency
from graders.feedback.student import share
from graders.feedback.untrusted import number
from graders.feedback.words import plural
from graders.report import Report

BINS = 10
FEW = 5  # of the hardest claims and the commonest mistakes


@dataclass(frozen=True)
class Pointer:
    """Something to look at, and where."""

    count: str
    text: str
    href: str
    tone: words.Tone


@dataclass(frozen=True)
class Cell:
    """A student's score in one exercise; `label` is None where it was graded."""

    score: str
    label: words.Label | None
    href: str


@dataclass(frozen=True)
class Line:
    """One student."""

    report: Report
    score: str
    share: float
    cells: tuple[Cell | None, ...]
    label: words.Label


@dataclass(frozen=True)
class Bar:
    """One bar of the histogram, with its place in the drawing."""

    label: str
    count: int
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Overview:
    """The whole page."""

    max_score: str
    figures: tuple[tuple[str, str], ...]
    pointers: tuple[Pointer, ...]
    bars: tuple[Bar, ...]
    hardest: tuple[Item, ...]
    commonest: tuple[Frequency, ...]
    columns: tuple[tuple[str, str], ...]  # each exercise's title and points
    lines: tuple[Line, ...]


def overview(course: Course, waiting: int = 0) -> Overview:
    """The class at a glance; `waiting` students handed in what is not graded yet."""
    ids = course.exercises
    lines = tuple(_line(report, ids, course) for report in course.reports)
    hard = sorted(
        (item for item in course.items if item.holds < item.judged), key=lambda item: item.share or 0.0
    )
    return Overview(
        max_score=number(max((report.max_score for report in course.reports), default=0)),
        figures=(*_figures(course.reports), *([("not graded yet", str(waiting))] if waiting else [])),
        pointers=tuple(_pointers(course)),
        bars=_bars([line.share for line in lines]),
        hardest=tuple(hard[:FEW]),
        commonest=tuple([row for row in course.mistakes if row.id][:FEW]),
        columns=tuple((course.title(id), _points(course, id)) for id in ids),
        lines=lines,
    )


def _figures(reports: tuple[Report, ...]) -> tuple[tuple[str, str], ...]:
    scores = [report.score for report in reports]
    if not scores:
        return (("submissions", "0"),)
    full = sum(report.score >= report.max_score > 0 for report in reports)
    return (
        ("submissions", str(len(reports))),
        ("mean score", number(round(statistics.fmean(scores), 1))),
        ("median score", number(round(float(statistics.median(scores)), 1))),
        ("full marks", str(full)),
        ("partly graded", str(sum(report.status == "partly_graded" for report in reports))),
        ("need a person", str(sum(report.status == "needs_person" for report in reports))),
    )


def _pointers(course: Course) -> Iterable[Pointer]:
    """What an instructor should do next, the most urgent first."""
    faults = len({report.student_id for report, _, _ in course.persons} | set(course.failed))
    if faults:
        yield Pointer(str(faults), f"{_of(faults)} that the grader broke on", "#persons", "warn")
    wrong = sum(item.flag == "look for a wrong grader first" for item in course.items)
    if wrong:
        text = f"{'claim' if wrong == 1 else 'claims'} that strong submissions miss more often than weak ones: look for a wrong grader first"
        yield Pointer(str(wrong), text, "claims.html", "warn")
    worthy = [cluster for cluster in course.clusters if cluster.worth_a_name]
    if worthy:
        text = f"{'group' if len(worthy) == 1 else 'groups'} of failures that the grader has no name for; the largest has {plural(len(worthy[0].members), 'submission')}"
        yield Pointer(str(len(worthy)), text, "mistakes.html#unnamed", "calm")
    review = sum(item.flag in ("review", "nearly nobody") for item in course.items)
    if review:
        text = f"{'claim' if review == 1 else 'claims'} to review: few get them right, or they hardly tell strong from weak"
        yield Pointer(str(review), text, "claims.html", "calm")
    if course.ungraded:
        text = f"{'exercise' if len(course.ungraded) == 1 else 'exercises'} that could not be graded, with the reason"
        yield Pointer(str(len(course.ungraded)), text, "submissions.html#ungraded", "calm")
    tried = len({report.student_id for report, _ in course.refused})
    if tried:
        yield Pointer(
            str(tried), f"{_of(tried)} that tried what no exercise needs", "submissions.html#refused", "calm"
        )
    if course.similar:
        count = len(course.similar)
        text = f"{'pair' if count == 1 else 'pairs'} of nearly identical submissions"
        yield Pointer(str(count), text, "submissions.html#similar", "calm")


def _of(count: int) -> str:
    return "submission" if count == 1 else "submissions"


def _bars(shares: list[float]) -> tuple[Bar, ...]:
    counts = [0] * BINS
    for value in shares:
        counts[min(int(value * BINS / 100), BINS - 1)] += 1
    most = max(*counts, 1)
    width = 100 // BINS
    names = [f"{i * width} % to below {(i + 1) * width} %" for i in range(BINS - 1)]
    names.append(f"{100 - width} % to 100 %")
    heights = [round(96 * count / most, 2) for count in counts]
    return tuple(
        Bar(name, count, 10 + 30 * i, round(116 - height, 2), height)
        for i, (name, count, height) in enumerate(zip(names, counts, heights, strict=True))
    )


def _points(course: Course, id: str) -> str:
    """The most points that an exercise gives."""
    parts = (part for report in course.reports for part in report.exercises if part.id == id)
    return number(max(part.max_score for part in parts))


def _line(report: Report, ids: list[str], course: Course) -> Line:
    cells = {
        part.id: Cell(
            number(part.score),
            None if part.status == "graded" else words.EXERCISE[part.status],
            course.href(report, part.id),
        )
        for part in report.exercises
    }
    return Line(
        report=report,
        score=number(report.score),
        share=share(report.score, report.max_score),
        cells=tuple(cells.get(id) for id in ids),
        label=words.WHOLE[report.status],
    )
