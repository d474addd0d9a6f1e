"""A class as data: its reports, and all figures that its pages, CSV and JSON files tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from graders.feedback import statistics
from graders.feedback.clusters import Cluster, clustered
from graders.feedback.items import Item, Pair, all_items, co_failures
from graders.feedback.mistakes import Frequency, frequencies
from graders.feedback.tables import exercise_ids, in_order
from graders.report import ExerciseReport, Outcome, Report


@dataclass(frozen=True)
class Similar:
    """Two submissions whose text of an exercise, or notebook, is nearly the same: a hint, never points."""

    first: str  # student ids
    second: str
    exercise: str
    share: float  # of the shorter text that stands in the other, without what is common
    common: int  # runs of text that both have


@dataclass(frozen=True)
class Course:
    """All reports of a class. `links` and `failed` are by student id, as `pages.class_pages` describes them."""

    reports: tuple[Report, ...]
    links: Mapping[str, str]
    failed: Mapping[str, str]
    similar: tuple[Similar, ...] | None  # None: nobody looked

    @cached_property
    def items(self) -> list[Item]:
        """How each claim fared."""
        return all_items(self.reports)

    @cached_property
    def pairs(self) -> list[Pair]:
        """Claims that fail together."""
        return co_failures(self.reports)

    @cached_property
    def mistakes(self) -> list[Frequency]:
        """How often each mistake was named."""
        return frequencies(self.reports)

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Failures without a name, put together."""
        return clustered(self.reports)

    @property
    def exercises(self) -> list[str]:
        """Ids, in the assignment's order."""
        return exercise_ids(self.reports)

    @property
    def size(self) -> str:
        """`small`: only counts are told; `rough`: rates are, with a warning; else `large`."""
        count = len(self.reports)
        return "small" if count < statistics.FEWEST else "rough" if count < statistics.ROUGH else "large"

    @property
    def persons(self) -> list[tuple[Report, ExerciseReport, Outcome]]:
        """Claims that the grader itself broke on."""
        return [
            (report, part, outcome)
            for report in self.reports
            for part in report.exercises
            for outcome in part.properties
            if outcome.status == "error"
        ]

    @property
    def ungraded(self) -> list[tuple[Report, ExerciseReport]]:
        """What could not be run."""
        return [
            (report, part) for report in self.reports for part in report.exercises if part.status != "graded"
        ]

    @property
    def refused(self) -> list[tuple[Report, ExerciseReport]]:
        """Exercises whose code tried what no exercise needs."""
        return [(report, part) for report in self.reports for part in report.exercises if part.refused]

    def title(self, exercise: str) -> str:
        """An exercise's title."""
        parts = (part for report in self.reports for part in report.exercises if part.id == exercise)
        return next((part.title for part in parts if part.title), exercise)

    def find(self, student_id: str) -> Report | None:
        """A student's report."""
        return next((report for report in self.reports if report.student_id == student_id), None)

    def href(self, report: Report, exercise: str = "") -> str:
        """The address of a student's page, or of an exercise on it, relative to the class's pages."""
        path = self.links.get(report.student_id)
        if path is None:
            path = f"{_folder(report.student_id)}/{_folder(report.assignment)}/report.html"
        places = [part.id for part in report.exercises]
        anchor = f"#exercise-{places.index(exercise) + 1}" if exercise in places else ""
        return _quoted(path, "/@") + anchor


def course(
    reports: Iterable[Report],
    links: Mapping[str, str],
    failed: Mapping[str, str],
    similar: Sequence[Similar] | None,
) -> Course:
    """The class, by student, whatever the order in which the reports came."""
    pairs = None if similar is None else tuple(similar)
    return Course(tuple(in_order(reports)), links, failed, pairs)


def _folder(name: str) -> str:
    return _quoted(name, "@").replace("~", "%7E")


def _quoted(text: str, safe: str) -> str:
    try:
        return quote(text, safe, "utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return quote(text, safe, "utf-8", "surrogatepass")
