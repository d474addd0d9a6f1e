"""Writes reports into nbgrader's gradebook, so that formgrader and `nbgrader export` show them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import parse_utc
from sqlalchemy.exc import SAWarning

from graders.doors.nbgrader import cells, find_commands
from graders.feedback import text
from graders.report import ExerciseReport, Report
from graders.run import CallError, read_regular

COURSE = "default_course"  # nbgrader's own name for a course that nobody named
STAMP_LIMIT = 200  # bytes of a time


def record(url: str, reports: Iterable[tuple[Report, Path]], course: str = COURSE) -> dict[str, str]:
    """Write each report, with the folder that was handed in, into the gradebook at a database URL.

    Assignments, notebooks and cells that the gradebook lacks are made. Points and comments of a person stay.
    Returns why, by student, where one was refused. Raises CallError where there is no such database.
    """
    refused = {}
    with closing(opened(url, course)) as book, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of nbgrader's own way to make rows
        for report, folder in reports:
            try:
                _record_one(book, report, folder)
            except Exception as error:  # a name that the database cannot hold, rows that somebody took away
                book.db.rollback()
                refused[report.student_id] = _first_line(error)
    return refused


def _record_one(book: Gradebook, report: Report, folder: Path) -> None:
    add_assignment(book, report.assignment)
    book.update_or_create_student(report.student_id)
    stamp = timestamp(folder)
    when = {} if stamp is None else {"timestamp": stamp}
    book.update_or_create_submission(report.assignment, report.student_id, **when)
    write(book, report)


def opened(url: str, course: str = COURSE) -> Gradebook:
    """The gradebook at a database URL, made where there is none. Raises CallError where that cannot be."""
    find_commands()
    try:
        return Gradebook(url, course)
    except Exception as error:
        shown = re.sub(r"//[^@/]*@", "//...@", url)  # without a password
        raise CallError(
            f"--gradebook {shown!r} could not be opened ({_first_line(error)}); give nbgrader's database URL"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def add_assignment(book: Gradebook, assignment: str) -> None:
    """Make the assignment as `nbgrader generate_assignment` would, where it is not there."""
    try:
        book.find_notebook(assignment, assignment)
        return
    except MissingEntry:
        book.update_or_create_assignment(assignment)
        book.update_or_create_notebook(assignment, assignment)
    for exercise, points in cells.exercises(assignment).items():
        name = cells.points_id(exercise)
        book.update_or_create_solution_cell(exercise, assignment, assignment)
        book.update_or_create_source_cell(exercise, assignment, assignment, cell_type="code", source="")
        book.update_or_create_grade_cell(name, assignment, assignment, max_score=points, cell_type="code")
        book.update_or_create_source_cell(
            name, assignment, assignment, cell_type="code", source="", locked=True
        )


def write(book: Gradebook, report: Report) -> None:
    """Points and comments of a submission that the gradebook has, for the exercises that it has."""
    comments = comments_on(report)
    graded = {cell.name for cell in book.find_notebook(report.assignment, report.assignment).grade_cells}
    for exercise in report.exercises:
        if cells.points_id(exercise.id) not in graded:
            continue
        key = (report.assignment, report.assignment, report.student_id)
        grade = book.find_grade(cells.points_id(exercise.id), *key)
        grade.auto_score = points_of(exercise, float(grade.max_score))
        faulty = any(outcome.status == "error" for outcome in exercise.properties)
        grade.needs_manual_grade = faulty or grade.manual_score is not None
        book.find_comment(exercise.id, *key).auto_comment = comments[exercise.id]
    book.db.commit()


def says(book: Gradebook, report: Report) -> bool:
    """Whether points and comments in the gradebook are those of this report; true where it has no such submission."""
    comments, key = comments_on(report), (report.assignment, report.assignment, report.student_id)
    try:
        for exercise in report.exercises:
            grade = book.find_grade(cells.points_id(exercise.id), *key)
            comment = book.find_comment(exercise.id, *key).auto_comment
            if (grade.auto_score, comment) != (
                points_of(exercise, float(grade.max_score)),
                comments[exercise.id],
            ):
                return False
    except MissingEntry:
        pass
    return True


def points_of(exercise: ExerciseReport, most: float) -> float:
    """An exercise's points, as a share of those that the gradebook gives for it."""
    share = exercise.score / exercise.max_score if exercise.max_score else 0.0
    return round(min(max(share, 0.0), 1.0) * most, 2)


def comments_on(report: Report) -> dict[str, str]:
    """For each exercise the report as an indented block: nbgrader reads comments as Markdown, where nothing in it is
    markup then, whatever a submission wrote."""
    texts = text.exercise_texts(report)
    return {name: "\n".join(f"    {line}" for line in said.splitlines()) for name, said in texts.items()}


def timestamp(folder: Path) -> str | None:
    """When a submission was handed in, as nbgrader's collecting notes it; None where nobody noted it."""
    name = "timestamp.txt"
    try:
        stamp = (read_regular(str(folder / name), STAMP_LIMIT, name, {}) or b"").decode().strip()
        return str(parse_utc(stamp)) if stamp else None
    except (ValueError, OverflowError):
        return None
