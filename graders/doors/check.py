"""`loralab check`: one's own file, notebook or folder in, text or data out."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from graders.doors.case import read_case
from graders.doors.watch import watch
from graders.feedback import text
from graders.report import Report
from graders.run import CallError, GraderError, Wish, box_failures, grade_one, open_box, read_file
from graders.settings import Settings
from graders.stored import StoredCaseError, read_stored


def check(options: argparse.Namespace, settings: Settings) -> int:
    """Check what the options name, or one case of it. Exit status 0 where every property holds, else 1."""
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
    if options.property is not None and options.case is None:
        raise CallError("--property goes with --case")
    if options.watch and (options.case is not None or options.format == "json"):
        raise CallError("--watch goes neither with --case nor with --format json")
    if options.case is not None:
        return _check_case(options, settings, known[options.assignment].exercises)
    only = _only(path, options.exercise, exercises)
    wish = Wish(options.assignment, exercises, settings, only)
    with open_box(settings) as box:

        def once() -> int:
            submission = read_file(path, options.exercise, options.assignment)
            try:
                report = grade_one(submission, box, wish, grade)
            except GraderError as error:
                if not options.watch:
                    raise
                sys.stdout.write(f"not checked: {error}\n")
                return 1
            if path.suffix == ".ipynb" and only is None:
                report = _without_missing(report)
            sys.stdout.write(_written(report, options.format or ("short" if options.watch else "text")))
            sys.stdout.flush()
            return _status(report)

        return watch(path, once, sys.stdout) if options.watch else once()


def _check_case(options: argparse.Namespace, settings: Settings, exercises: Sequence[Any]) -> int:
    """Ask one stored case again."""
    from graders.grade import grade_case

    path: Path = options.path
    ids = [exercise.id for exercise in exercises]
    named = options.exercise or (path.stem if path.suffix == ".py" and path.stem in ids else None)
    if named is not None:
        _only(path, named, ids)  # refuses a name that is no exercise's
    try:
        stored = read_stored(read_case(options.case, options.property, named), exercises)
        submission = read_file(path, stored.exercise.id, options.assignment)
        with open_box(settings) as box, box_failures(), contextlib.closing(box.share()) as shared:
            report = grade_case(submission, stored, cast(Any, shared))
    except StoredCaseError as error:
        raise CallError(f"{str(options.case)!r}: {error}") from error
    status = _status(report)
    if status == 0 and options.format != "json":
        (claim,) = report.exercises[0].properties
        sys.stdout.write(f"`{claim.id}` holds on this case. {claim.title}\n")
    else:
        sys.stdout.write(_written(report, options.format or "text"))
    return status


def _status(report: Report) -> int:
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
        # ASCII: whatever encoding standard output has.
        return json.dumps(report.to_json(), indent=2, allow_nan=False) + "\n"
    if form == "short":
        return text.student_short(report)
    return text.student_markdown(report) if form == "md" else text.student_text(report)
