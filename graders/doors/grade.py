"""`loralab grade`: a class in, reports and class pages out."""

from __future__ import annotations

import argparse
import contextlib
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from graders.doors import similar
from graders.doors.course import needs_nbgrader
from graders.doors.files import remove_report, report_path, write_json, write_report, write_text
from graders.doors.screen import Screen, called, console, summary
from graders.feedback import pages
from graders.report import Report
from graders.run import (
    CallError,
    Grade,
    GraderError,
    Result,
    Roster,
    Student,
    Wish,
    choose,
    list_students,
    open_box,
    outdated,
    read_report,
    read_run,
    run_class,
    salt_of,
)
from graders.settings import Settings

PUBLIC_SEED = "Cases are drawn by the seed that stands in the source; for a course set a private one, `seed` in loralab.toml (README)"


def grade_class(options: argparse.Namespace, settings: Settings) -> int:
    """Grade a class as the options say. Exit status 0, or 1 where the grader failed on a submission."""
    roster = list_students(options.submitted, options.assignment)
    wish, grade = _wish(options, settings)
    chosen = choose(roster.students, options.student) if options.student else roster.students
    if options.similar:
        similar.ready()
    if options.gradebook is not None:
        needs_nbgrader()
        _open_once(options.gradebook)
    output = _output(options.output, options.submitted)
    with _alone_in(output):
        return _grade_into(output, options, roster, chosen, wish, grade)


def _grade_into(
    output: Path,
    options: argparse.Namespace,
    roster: Roster,
    chosen: Sequence[Student],
    wish: Wish,
    grade: Grade,
) -> int:
    earlier = read_run(output / "run.json")
    salt = salt_of(earlier)
    _write(output / "run.json", {**earlier, "salt": salt})  # before any report has a key made with it

    def path(student: Student) -> Path:
        return report_path(output, student.name, wish.assignment)

    out = console()
    if wish.settings.seed == Settings.seed:
        out.print(PUBLIC_SEED, style="dim", soft_wrap=True)
    if roster.skipped:
        out.print(f"Passed over: {_listed(roster.skipped)}", soft_wrap=True)
    began = time.monotonic()
    results: list[Result] = []
    with open_box(wish.settings) as box, Screen(out, len(chosen)) as screen:
        if isinstance(why := box.protections.get("gpu"), str):
            out.print(f"The GPU is {why}; everything runs on the CPU", soft_wrap=True)
        running = run_class(
            chosen, path, wish, salt, box, grade,
            on_start=screen.start, on_news=screen.news, on_tick=screen.tick,
        )  # fmt: skip
        with closing(running):
            for result in running:
                results.append(_written(path(result.student), result))
                screen.result(results[-1])
        others = [student for student in roster.students if student not in chosen]
        old = outdated(others, path, wish, salt, box)
    seconds = time.monotonic() - began
    there = [read_report(path(student), student.student_id, wish.assignment) for student in roster.students]
    reports = {report.student_id: report for report in there if report is not None}
    failed = {result.student.student_id: result.failure for result in results if result.failure}
    for student_id in failed:  # what is there is of an earlier hand-in, or of an earlier grader
        reports.pop(student_id, None)
    out.print(summary(reports.values(), failed, wish.exercises))
    try:
        _write_run(output, salt, wish, results, seconds)
        near = None
        if options.similar:
            near = similar.near(roster.students, wish.assignment, _handed_out(wish.assignment))
        left = len(roster.students) - len(reports) - len(failed)
        _write_class(output, wish, roster.students, list(reports.values()), failed, near, left)
    except OSError as error:
        raise GraderError(f"the class pages could not be written ({error.strerror})") from error
    except Exception as error:
        place = traceback.format_exc().strip().splitlines()[-3:]
        why = f"{type(error).__name__}: {error}; {' '.join(map(str.strip, place))}"
        raise GraderError(
            f"every submission is graded, but not all class pages could be made ({why})"
        ) from error
    if old:
        names = _listed([called(student.student_id) for student in old])
        out.print(f"Of an earlier hand-in or grader, until graded again: {names}", soft_wrap=True)
    status = _farewell(out, output, results, failed, left)
    if options.gradebook is not None:
        _record(options.gradebook, chosen, reports)
    return status


def _wish(options: argparse.Namespace, settings: Settings) -> tuple[Wish, Grade]:
    """What to grade, and what grades it."""
    from graders.grade import assignments, grade  # takes seconds: a wrong call is told before

    known = assignments()
    if options.assignment not in known:
        raise CallError(f"there is no assignment {options.assignment!r}; there is {', '.join(known)}")
    exercises = tuple(exercise.id for exercise in known[options.assignment].exercises)
    for name in options.only or ():
        if name not in exercises:
            raise CallError(f"there is no exercise {name!r}; there are {', '.join(exercises)}")
    only = tuple(options.only) if options.only else None
    return Wish(options.assignment, exercises, settings, only, options.force), grade


def _open_once(url: str) -> None:
    """Raises CallError where there is no such gradebook: before anything is graded."""
    from graders.doors.nbgrader.gradebook import opened

    opened(url).close()


def _record(url: str, students: Sequence[Student], reports: Mapping[str, Report]) -> None:
    """Write what was graded into nbgrader's gradebook. Raises GraderError, after the others, where somebody has no place in it."""
    from graders.doors.nbgrader.gradebook import record

    there = [student for student in students if student.student_id in reports]
    refused = record(url, [(reports[student.student_id], student.folder) for student in there])
    if refused:
        names = _listed([f"{called(name)} ({why})" for name, why in refused.items()])
        raise GraderError(f"every report is written, but the gradebook could not take in {names}")


def _handed_out(assignment: str) -> Path:
    """The folder of what students got: what all of them have is nobody's copy."""
    from graders.grade import data_folder

    return data_folder("assignments", assignment)


def _output(output: Path, submitted: Path) -> Path:
    """The output folder, made where it is not there."""
    if output.resolve().is_relative_to(submitted.resolve()):
        raise CallError(f"OUTPUT {str(output)!r} lies in SUBMITTED; give another folder with --output")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if output.is_file() else error.strerror
        raise CallError(
            f"OUTPUT {str(output)!r} cannot be made ({reason}); give another with --output"
        ) from None
    return output


@contextlib.contextmanager
def _alone_in(output: Path) -> Iterator[None]:
    """Two runs at once would each undo what the other wrote. Raises CallError for the second."""
    lock = FileLock(output / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CallError(
            f"another run is writing into {str(output)!r}: wait until it ends, or give another --output"
        ) from None
    except (OSError, NotImplementedError):  # a file system without locks, or without a right to write
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def _write(path: Path, data: Mapping[str, Any]) -> None:
    try:
        write_json(path, data)
    except OSError as error:
        raise CallError(
            f"{str(path)!r} cannot be written ({error.strerror}); give another --output"
        ) from None


def _written(path: Path, result: Result) -> Result:
    """The result, its files written or, where there is none, removed; where that fails it is the grader's failure, for
    this student only."""
    try:
        if result.report is None:  # what is there is of an earlier hand-in, or of an earlier grader
            remove_report(path)
        else:
            write_report(path, result.report, pages.student_page(result.report))
    except OSError as error:
        failure = f"the report could not be written ({error.strerror})"
        return replace(result, how="failed", report=None, failure=result.failure or failure)
    except Exception as error:
        failure = f"the report could not be made ({type(error).__name__})"
        return replace(result, how="failed", report=None, failure=failure, details=traceback.format_exc())
    return result


def _write_class(
    output: Path,
    wish: Wish,
    students: Sequence[Student],
    reports: Sequence[Report],
    failed: Mapping[str, str],
    near: Sequence[pages.Similar] | None,
    waiting: int,
) -> None:
    """The class's own pages: those who are there now, by id."""
    links = {student.student_id: f"{student.name}/{wish.assignment}/report.html" for student in students}
    for name, text in pages.class_files(reports, links, failed, near, waiting):
        write_text(output / name, text)


def _write_run(output: Path, salt: str, wish: Wish, results: Sequence[Result], seconds: float) -> None:
    """What the run cost, for whoever plans the next one."""
    rows = [
        {"student_id": result.student.student_id, "how": result.how, **result.cost}
        | ({"failure": result.failure, "details": result.details} if result.failure else {})
        for result in sorted(results, key=lambda result: result.student.student_id)
    ]
    run = {
        "assignment": wish.assignment,
        "jobs": wish.settings.processes,
        "wall_seconds": round(seconds, 3),
        "students": rows,
    }
    write_json(output / "run.json", {"salt": salt, **run})
    write_text(output / "run.csv", pages.run_csv(run))
    write_text(output / "run.html", pages.run_page(run))


def _farewell(
    out: Console, output: Path, results: Sequence[Result], failed: Mapping[str, str], left: int
) -> int:
    """Name what a person has to look at, and say where to go on reading."""
    kept = sum(result.how == "kept" for result in results)
    graded = sum(result.how == "graded" for result in results)
    counts = [f"{graded} graded"]
    counts += [f"{kept} kept from an earlier run"] if kept else []
    counts += [f"{left} not graded yet"] if left else []
    out.print(f"\n{', '.join(counts)}", soft_wrap=True)
    for student_id, failure in sorted(failed.items()):
        out.print(f"Not graded: {called(student_id)}: {failure}", soft_wrap=True)
    doubtful = [r.report for r in results if r.report is not None and r.report.status == "needs_person"]
    for report in sorted(doubtful, key=lambda report: report.student_id):
        claims = [o.id for exercise in report.exercises for o in exercise.properties if o.status == "error"]
        out.print(f"Needs a person: {called(report.student_id)}: {', '.join(claims)}", soft_wrap=True)
    out.print(output / "index.html", soft_wrap=True)
    return 1 if failed or doubtful else 0


def _listed(names: Sequence[str], most: int = 8) -> str:
    """Names in one line; many are only counted."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
