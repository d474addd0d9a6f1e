"""What the class page says: who needs a person, scores, what was not graded, how each claim fared."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from graders.feedback import words
from graders.feedback.student import share
from graders.feedback.tables import exercise_ids, in_order
from graders.feedback.untrusted import ID_LIMIT, number, visible
from graders.report import ExerciseReport, Report

BINS = 10


@dataclass(frozen=True)
class Cell:
    """A student's score in one exercise; `label` is None where it was graded."""

    score: str
    label: words.Label | None
    anchor: str


@dataclass(frozen=True)
class Line:
    """One student."""

    student: str
    href: str
    score: str
    share: float
    cells: tuple[Cell | None, ...]
    label: words.Label


@dataclass(frozen=True)
class Case:
    """Something that a person should look at, or that was not graded."""

    student: str
    href: str
    exercise: str
    label: words.Label
    message: str


@dataclass(frozen=True)
class Item:
    """One claim over the whole class. Who did not come to it is counted apart."""

    title: str
    holds: int
    judged: int
    not_run: int
    share: float


@dataclass(frozen=True)
class Group:
    """The claims of one exercise."""

    id: str
    title: str
    max_score: str
    items: tuple[Item, ...]


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

    assignment: str
    max_score: str
    figures: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    persons: tuple[Case, ...]
    ungraded: tuple[Case, ...]
    groups: tuple[Group, ...]


def overview(reports: Iterable[Report], links: Mapping[str, str], failed: Mapping[str, str]) -> Overview:
    """The class at a glance. `links` and `failed` are by student id, as `pages.class_page` describes them."""
    ordered = in_order(reports)
    ids = exercise_ids(ordered)
    lines = tuple(_line(report, ids, _href(report, links)) for report in ordered)
    tops = sorted({report.max_score for report in ordered})
    return Overview(
        assignment=", ".join(sorted({visible(report.assignment, ID_LIMIT) for report in ordered})),
        max_score=number(tops[-1]) if tops else "0",
        figures=_figures(ordered),
        bars=_bars([line.share for line in lines]),
        lines=lines,
        persons=tuple(_failed(failed)) + tuple(_persons(ordered, links)),
        ungraded=tuple(_ungraded(ordered, links)),
        groups=tuple(_group(id, ordered) for id in ids),
    )


def _href(report: Report, links: Mapping[str, str]) -> str:
    """The address of a student's page, relative to the class page."""
    path = links.get(report.student_id)
    if path is None:
        path = f"{_folder(report.student_id)}/{_folder(report.assignment)}/report.html"
    return _quoted(path, "/@")


def _folder(name: str) -> str:
    return _quoted(name, "@").replace("~", "%7E")


def _quoted(text: str, safe: str) -> str:
    try:
        return quote(text, safe, "utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return quote(text, safe, "utf-8", "surrogatepass")


def _figures(reports: list[Report]) -> tuple[tuple[str, str], ...]:
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


def _line(report: Report, ids: list[str], href: str) -> Line:
    cells = {
        exercise.id: Cell(
            number(exercise.score),
            None if exercise.status == "graded" else words.EXERCISE[exercise.status],
            f"{href}#exercise-{i}",
        )
        for i, exercise in enumerate(report.exercises, start=1)
    }
    return Line(
        student=visible(report.student_id, ID_LIMIT) or "(no name)",
        href=href,
        score=number(report.score),
        share=share(report.score, report.max_score),
        cells=tuple(cells.get(id) for id in ids),
        label=words.WHOLE[report.status],
    )


def _failed(failed: Mapping[str, str]) -> Iterable[Case]:
    for student_id in sorted(failed):
        label = words.Label("not graded by our fault", "flag", "!", "warn")
        yield Case(visible(student_id, ID_LIMIT), "", "", label, visible(failed[student_id], 500))


def _persons(reports: list[Report], links: Mapping[str, str]) -> Iterable[Case]:
    for report in reports:
        for exercise in report.exercises:
            for outcome in exercise.properties:
                if outcome.status == "error":
                    message = f"{visible(outcome.title, 200)}: {visible(outcome.message, 500)}"
                    yield _case(report, exercise, words.PROPERTY["error"], message, links)


def _ungraded(reports: list[Report], links: Mapping[str, str]) -> Iterable[Case]:
    for report in reports:
        for exercise in report.exercises:
            if exercise.status != "graded":
                message = visible(exercise.message, 300)
                yield _case(report, exercise, words.EXERCISE[exercise.status], message, links)


def _case(
    report: Report, exercise: ExerciseReport, label: words.Label, text: str, links: Mapping[str, str]
) -> Case:
    student = visible(report.student_id, ID_LIMIT) or "(no name)"
    return Case(student, _href(report, links), visible(exercise.title or exercise.id, 200), label, text)


def _group(id: str, reports: list[Report]) -> Group:
    """The claims of one exercise over everyone whose submission of it was graded."""
    exercises = [exercise for report in reports for exercise in report.exercises if exercise.id == id]
    statuses: dict[str, list[str]] = {}
    titles: dict[str, str] = {}
    for exercise in exercises:
        for outcome in exercise.properties:
            titles.setdefault(outcome.id, visible(outcome.title, 300).removesuffix("."))
            its = statuses.setdefault(outcome.id, [])
            if exercise.status == "graded" and outcome.status != "error":
                its.append(outcome.status)
    items = []
    for claim, its in statuses.items():
        judged = [status for status in its if status != "not_run"]
        holds = judged.count("passed")
        items.append(Item(titles[claim], holds, len(judged), its.count("not_run"), share(holds, len(judged))))
    top = max((exercise.max_score for exercise in exercises), default=0.0)
    title = visible(exercises[0].title or id, 200)
    return Group(visible(id, ID_LIMIT), title, number(top), tuple(items))
