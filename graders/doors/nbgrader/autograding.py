"""`nbgrader autograde` for our assignments: the whole class in our pool first, then nbgrader's own course of things."""

from __future__ import annotations

import argparse
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import AssignLatePenalties, NbGraderPreprocessor, SaveAutoGrades

from graders.doors.files import report_path
from graders.doors.grade import grade_class
from graders.doors.nbgrader import cells, gradebook
from graders.doors.nbgrader.notebooks import tidy
from graders.feedback import text
from graders.grade import assignments
from graders.report import Report
from graders.run import (
    CallError,
    GraderError,
    Student,
    Submission,
    list_students,
    read_report,
    read_submission,
)
from graders.settings import Settings, SettingsError, read_settings

REPORTS = "reports"  # beside the course's other folders
STRUCTURE = os.path.join("{nbgrader_step}", "{student_id}", "{assignment_id}")
PLACEHOLDER = '{"cells": [], "metadata": {"loralab": "stands in for other files"}, "nbformat": 4, "nbformat_minor": 5}\n'


@dataclass(frozen=True)
class Graded:
    """What a student handed in, and what came of it; no report where the grader itself failed."""

    student: Student
    submission: Submission
    report: Report | None


class Class:
    """The submissions that one call of autograde is about."""

    def __init__(self, converter: Any) -> None:
        self.converter, course = converter, converter.coursedir
        self.assignment: str = course.assignment_id
        self.course: str = course.course_id or gradebook.COURSE
        self.url: str = course.db_url
        if course.directory_structure != STRUCTURE:
            raise CallError(f"CourseDirectory.directory_structure should be nbgrader's own, {STRUCTURE}")
        self.root = Path(course.root)
        self.submitted = self.root / course.submitted_directory
        remove_placeholders(self.submitted, self.assignment)
        excluded = set((course.student_id_exclude or "").split(","))
        matching = {Path(path).parent.name for path in glob.glob(self._place(course.submitted_directory))}
        listed = list_students(self.submitted, self.assignment).students
        self.students = [s for s in listed if s.student_id in matching - excluded]
        self.done: dict[str, Graded] = {}

    def _place(self, step: str) -> str:
        course = self.converter.coursedir
        return str(course.format_path(step, course.student_id, self.assignment))

    def grade(self) -> None:
        """Grade them all; what did not change since is kept."""
        with Gradebook(self.url, self.course) as book:
            try:
                book.find_notebook(self.assignment, self.assignment)
            except MissingEntry:
                raise CallError(
                    f"the gradebook has no assignment {self.assignment}: run nbgrader generate_assignment first"
                ) from None
        output = self.root / REPORTS
        options = argparse.Namespace(
            submitted=self.submitted, assignment=self.assignment, output=output, only=None, similar=False,
            gradebook=None, force=self.converter.force, student=[s.student_id for s in self.students],
        )  # fmt: skip
        config = self.root / "loralab.toml"
        grade_class(options, read_settings(config) if config.is_file() else Settings())
        for student in self.students:
            path = report_path(output, student.name, self.assignment)
            report = read_report(path, student.student_id, self.assignment)
            submission = read_submission(student.folder, student.student_id, self.assignment)
            self.done[student.student_id] = Graded(student, submission, report)

    @contextmanager
    def placeholders(self) -> Iterator[None]:
        """While nbgrader looks for notebooks, everybody has one; what it cannot copy it passes over."""
        folders = [s.folder for s in self.students if s.folder.is_dir() and not s.folder.is_symlink()]
        odd = {name for folder in folders for name in odd_names(folder)}
        self.converter.coursedir.ignore = [*self.converter.coursedir.ignore, *map(glob.escape, sorted(odd))]
        try:
            for folder in folders:
                path = folder / f"{self.assignment}.ipynb"
                if not os.path.lexists(path):
                    with suppress(OSError):  # whoever has none is recorded at the end
                        path.write_text(PLACEHOLDER, encoding="utf-8")
            yield
        finally:
            remove_placeholders(self.submitted, self.assignment)

    def record_those_left_out(self) -> None:
        """Whatever else went wrong: each has points, a reason and a row."""
        for graded in self.done.values():
            place = self.converter.coursedir.format_path(
                self.converter.coursedir.autograded_directory, graded.student.student_id, self.assignment
            )
            if graded.report is not None and not glob.glob(os.path.join(glob.escape(place), "*.ipynb")):
                student_id = graded.student.student_id
                refused = gradebook.record(self.url, [(graded.report, graded.student.folder)], self.course)
                if refused:
                    self.converter.log.error("Only in the reports: %r: %s", student_id, refused[student_id])
                else:
                    self.converter.log.warning("Only in the gradebook and the reports: %r", student_id)

    def come_again(self) -> None:
        """nbgrader passes over those who handed in nothing since; whom we graded anew it takes anew too."""
        stock = self.converter.init_destination
        with Gradebook(self.url, self.course) as book:
            anew = {
                name
                for name, graded in self.done.items()
                if graded.report is None or not gradebook.says(book, graded.report)
            }

        def init_destination(assignment: str, student: str) -> bool:
            before = self.converter.force
            self.converter.force = before or student in anew
            try:
                return bool(stock(assignment, student))
            finally:
                self.converter.force = before

        self.converter.init_destination = init_destination


def odd_names(folder: Path) -> Iterator[str]:
    """Names of handed-in files that cannot be copied: links, pipes."""
    for place, folders, files in os.walk(folder):
        yield from (name for name in [*folders, *files] if is_odd(Path(place, name)))


def is_odd(path: Path) -> bool:
    """Whether it is neither a file nor a folder by itself."""
    return path.is_symlink() or not (path.is_file() or path.is_dir())


def remove_placeholders(submitted: Path, assignment: str) -> None:
    """Take away what a call that was cut off may have left."""
    for path in submitted.glob(f"*/{assignment}/{assignment}.ipynb"):
        if is_odd(path) or not path.is_file() or path.stat().st_size != len(PLACEHOLDER):
            continue
        if path.read_bytes() == PLACEHOLDER.encode():
            path.unlink()


def install() -> None:
    """Autograde of our assignments begins with our pool. nbgrader has no place to say that to, so its method is wrapped."""
    stock = Autograde.start
    if not hasattr(stock, "stock"):

        def start(converter: Any) -> None:
            if converter.coursedir.assignment_id in assignments():
                _start(converter, stock)
            else:
                stock(converter)

        start.stock = stock  # type: ignore[attr-defined]
        Autograde.start = start


def _start(converter: Any, stock: Any) -> None:
    converter.exporter_class = SubmissionExporter
    converter.sanitize_preprocessors = []
    converter.autograde_preprocessors = [PutPoints, SaveAutoGrades, SaveResult, AssignLatePenalties]
    try:
        converter.loralab = Class(converter)
        if not converter.loralab.students:
            raise CallError(f"nobody handed in {converter.coursedir.assignment_id}")
        converter.loralab.grade()
    except (CallError, GraderError, SettingsError) as error:
        converter.log.error("loralab: %s", error)
        raise NbGraderException(str(error)) from error
    try:
        converter.loralab.come_again()
        with converter.loralab.placeholders():
            stock(converter)
    finally:
        converter.loralab.record_those_left_out()


class SubmissionExporter(NotebookExporter):
    """Reads not the notebook's file but all that its student handed in, as one tidy notebook."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        """The tidy notebook; when it is there, and nbgrader comes for the points, the same as ever."""
        converter: Any = self.parent
        if not converter._sanitizing:
            return super().from_filename(filename, resources=resources, **kw)
        resources["metadata"] = {"name": resources["nbgrader"]["notebook"], "path": os.path.dirname(filename)}
        work: Class = converter.loralab
        graded = work.done[resources["nbgrader"]["student"]]
        with Gradebook(work.url, work.course) as book:
            notebook = tidy(graded.submission, book)
        return self.from_notebook_node(  # type: ignore[no-untyped-call]
            nbformat.from_dict(notebook), resources=resources, **kw
        )


class OfClass(NbGraderPreprocessor):  # type: ignore[misc]
    """A preprocessor that knows what came of a submission."""

    def graded(self, resources: Any) -> Graded:
        """What came of the submission that nbgrader is at."""
        work: Class = self.parent.parent.loralab
        return work.done[resources["nbgrader"]["student"]]


class PutPoints(OfClass):
    """In the place of a kernel: each cell that holds points says how they came about."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Every output is ours; a number stands in every cell with points."""
        report = self.graded(resources).report
        texts = {} if report is None else text.exercise_texts(report)
        by_id = {} if report is None else {cells.points_id(e.id): e for e in report.exercises}
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            if not utils.is_grade(cell) or utils.is_solution(cell):
                continue
            exercise = by_id.get(cell.metadata.nbgrader["grade_id"])
            said = (
                "The grader failed on this: a person has to look." if exercise is None else texts[exercise.id]
            )
            points = (
                0.0
                if exercise is None
                else gradebook.points_of(exercise, float(cell.metadata.nbgrader["points"]))
            )
            cell.outputs = [
                new_output("stream", name="stdout", text=f"{said}\n"),
                new_output("execute_result", data={"text/plain": repr(points)}, execution_count=1),
            ]
        return nb, resources


class SaveResult(OfClass):
    """Puts comments beside the points, and asks for a person where there is no verdict of ours."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Runs after `SaveAutoGrades`, which takes comments away."""
        graded, place = self.graded(resources), resources["nbgrader"]
        key = (place["notebook"], place["assignment"], place["student"])
        with Gradebook(place["db_url"]) as book:
            if graded.report is not None:
                gradebook.write(book, graded.report)
            ours = (
                set() if graded.report is None else {cells.points_id(e.id) for e in graded.report.exercises}
            )
            for cell in nb.cells:
                if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
                    name = cell.metadata.nbgrader["grade_id"]
                    if name not in ours:
                        book.find_grade(name, *key).needs_manual_grade = True
            book.db.commit()
        return nb, resources
