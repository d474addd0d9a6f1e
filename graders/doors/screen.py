"""What a person sees while a class is graded, and the table at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from graders.feedback.untrusted import ID_LIMIT, number, visible
from graders.report import Report
from graders.run import Result, Student

BAR_WIDTH = 60  # columns of everything but the names
PLAIN_WIDTH = 120  # columns where there is no terminal to ask
WORDS = {"graded": "graded", "partly_graded": "partly graded", "needs_person": "needs a person"}


def console() -> Console:
    """Standard output, for people."""
    out = Console(highlight=False, markup=False, emoji=False)
    return out if out.is_terminal else Console(highlight=False, markup=False, emoji=False, width=PLAIN_WIDTH)


def called(student_id: str) -> str:
    """A student's id as it can be shown anywhere."""
    return visible(student_id, ID_LIMIT)


class Screen:
    """Progress with the time that is left on a terminal, elsewhere a line for each submission.

    It starts no thread (grading processes are forked meanwhile): it is drawn anew at each `tick`.
    """

    def __init__(self, out: Console, total: int) -> None:
        self.out = out
        self.total = total
        self.over = self.kept = 0
        self.at: dict[str, str] = {}
        self.progress: Progress | None = None
        if out.is_terminal:
            columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("time left"), TimeRemainingColumn())
            now = TextColumn("{task.description}", markup=False)
            self.progress = Progress(*columns, now, console=out, auto_refresh=False, transient=True)
            self.task = self.progress.add_task("", total=total)

    def __enter__(self) -> Self:
        if self.progress is not None:
            self.progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.progress is not None:
            self.progress.stop()

    def start(self, student: Student) -> None:
        """A submission's grading begins."""
        self.news(student, "")

    def news(self, student: Student, exercise: str) -> None:
        """A submission's grading has come to an exercise."""
        self.at[student.student_id] = exercise
        self.tick()

    def tick(self) -> None:
        """Time went by."""
        if self.progress is not None:
            now = ", ".join(
                f"{called(name)} {exercise}".strip() for name, exercise in list(self.at.items())[:4]
            )
            self.progress.update(self.task, description=now[: max(0, self.out.width - BAR_WIDTH)])
            self.progress.refresh()

    def result(self, result: Result) -> None:
        """A submission is over."""
        self.over += 1
        self.at.pop(result.student.student_id, None)
        if self.progress is None:
            self.out.print(f"[{self.over}/{self.total}] {_line(result)}", soft_wrap=True)
        elif result.how == "kept":  # not counted: the time that is left is that of what is still to grade
            self.kept += 1
            self.progress.update(self.task, total=self.total - self.kept)
        else:
            self.progress.advance(self.task)
        self.tick()


def _line(result: Result) -> str:
    who = called(result.student.student_id)
    if result.report is None:
        return f"{who}: not graded: {result.failure}"
    score = f"{who}: {number(result.report.score)} of {number(result.report.max_score)}"
    return f"{score} (kept from an earlier run)" if result.how == "kept" else score


def summary(reports: Iterable[Report], failed: Iterable[str], exercises: Sequence[str]) -> Table:
    """The class as one table, by student."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("student", overflow="fold")
    for name in (*exercises, "score"):
        table.add_column(name.replace("_", " "), justify="right")  # a narrow terminal breaks at spaces
    table.add_column("status")
    rows: dict[str, list[str]] = {}
    for report in reports:
        scores = {exercise.id: number(exercise.score) for exercise in report.exercises}
        cells = [scores.get(name, "") for name in exercises]
        rows[report.student_id] = [*cells, number(report.score), WORDS[report.status]]
    for student_id in failed:
        rows[student_id] = [*("" for _ in exercises), "", "not graded: the grader failed"]
    for student_id, cells in sorted(rows.items()):
        table.add_row(Text(called(student_id)), *map(Text, cells))
    return table
