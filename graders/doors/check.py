"""`loralab check`: one's own file, notebook or folder in, text or data out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graders.doors.files import as_json
from graders.feedback import text
from graders.report import Report
from graders.run import CallError, Wish, grade_one, open_box, read_file
from graders.settings import Settings


def check(options: argparse.Namespace, settings: Settings) -> int:
    """Check what the options name. Exit status 0 where every property holds, else 1."""
    path: Path = options.path
    if not path.exists():
        raise CallError(f"{str(path)!r} does not exist; give a .py file, a notebook or a folder")
    if not path.is_dir() and path.suffix not in (".py", ".ipynb"):
        raise CallError(f"{str(path)!r} is neither a .py file nor a notebook (.ipynb) nor a folder")
    from graders.grade import assignments, grade  # takes seconds: a wrong call is told before

    known = assignments()
    if options.assignment not in known:
        raise CallError(f"there is no assignment {options.assignment!r}; there is {', '.join(known)}")
    exercises = tuple(exercise.id for exercise in known[options.assignment].exercises)
    only = _only(path, options.exercise, exercises)
    submission = read_file(path, options.exercise, options.assignment)
    with open_box(settings) as box:
        report = grade_one(submission, box, Wish(options.assignment, exercises, settings, only), grade)
    if path.suffix == ".ipynb" and only is None:
        report = _without_missing(report)
    sys.stdout.write(_written(report, options.format))
    outcomes = [outcome for exercise in report.exercises for outcome in exercise.properties]
    return 0 if outcomes and all(outcome.status == "passed" for outcome in outcomes) else 1


def _only(path: Path, given: str | None, exercises: Sequence[str]) -> tuple[str, ...] | None:
    """The exercises that a file is for; None for all of them."""
    listed = ", ".join(exercises)
    if given is not None:
        if given not in exercises:
            raise CallError(f"there is no exercise {given!r}; there are {listed}")
        return (given,)
    if path.is_dir() or path.suffix == ".ipynb":
        return None
    if path.stem not in exercises:
        raise CallError(f"{path.name!r} is not named after an exercise; add --exercise with one of {listed}")
    return (path.stem,)


def _without_missing(report: Report) -> Report:
    """The report without exercises that the file says nothing about, unless that is all of them."""
    there = tuple(exercise for exercise in report.exercises if exercise.status != "missing")
    return replace(report, exercises=there or report.exercises)


def _written(report: Report, form: str) -> str:
    if form == "json":
        return as_json(report.to_json())
    return text.student_markdown(report) if form == "md" else text.student_text(report)
