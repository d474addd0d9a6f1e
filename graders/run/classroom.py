"""Grades a class: one warm box, several grading processes, one submission at a time each."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from graders.judge.reading import Submission, read_submission
from graders.report import ExerciseReport, Report
from graders.run import ledger, pool
from graders.run.opening import AnyBox, box_failures
from graders.run.roster import Student
from graders.settings import Settings

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

How = Literal["graded", "kept", "failed"]


class Grade(Protocol):
    """What is needed of `graders.grade.grade`."""

    def __call__(
        self,
        submission: Submission,
        box: Any,
        settings: Settings,
        only: Sequence[str] | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Report: ...


@dataclass(frozen=True)
class Wish:
    """What a run is to do: the assignment's exercises by id, and which of them to grade anew."""

    assignment: str
    exercises: tuple[str, ...]
    settings: Settings
    only: tuple[str, ...] | None = None
    force: bool = False


@dataclass(frozen=True)
class Result:
    """What a run came to for one student."""

    student: Student
    how: How
    report: Report | None  # None where the grader itself failed
    failure: str = ""
    details: str = ""  # a traceback, for whoever looks after the grader
    cost: Mapping[str, float] = field(default_factory=dict)  # seconds and megabytes of this run


@dataclass(frozen=True)
class _Task:
    """What one grading process needs for one submission."""

    student: Student
    submission: Submission
    todo: tuple[str, ...]
    kept: Mapping[str, ExerciseReport]
    keys: Mapping[str, str]
    old: Report | None  # where the kept results stand


def run_class(
    students: Sequence[Student],
    old_report: Callable[[Student], Path],
    wish: Wish,
    salt: str,
    box: AnyBox,
    grade: Grade,
    *,
    on_start: Callable[[Student], None] = lambda student: None,
    on_news: Callable[[Student, str], None] = lambda student, news: None,
    on_tick: Callable[[], None] = lambda: None,
) -> Generator[Result, None, None]:
    """Grade every student, and yield each result as it is there; what is graded already comes first.

    Nothing is written here. Leaving the iteration early ends the grading processes.
    """
    waiting: list[Student] = []
    for student in students:
        task = _plan(student, old_report(student), wish, box, salt)
        if task.todo:
            waiting.append(student)
        else:
            yield Result(student, "kept", _assembled(task, None, wish))
        on_tick()
    tasks = (_plan(student, old_report(student), wish, box, salt) for student in waiting)
    for done in pool.do_all(
        tasks,
        partial(_work_in, box, wish, grade),
        min(wish.settings.processes, max(1, len(waiting))),
        on_start=lambda task: on_start(task.student),
        on_news=lambda task, news: on_news(task.student, news),
        on_tick=on_tick,
    ):
        if done.value is None:
            yield Result(done.task.student, "failed", None, done.failure, done.details)
        else:
            data = json.loads(done.value)
            yield Result(done.task.student, "graded", Report.from_json(data["report"]), cost=data["cost"])


def outdated(
    students: Sequence[Student], report: Callable[[Student], Path], wish: Wish, salt: str, box: AnyBox
) -> list[Student]:
    """Those whose report is of another hand-in, grader or seed than what is there now."""
    everything = replace(wish, only=None, force=False)
    tasks = [_plan(student, report(student), everything, box, salt) for student in students]
    return [
        task.student
        for task in tasks
        if task.old is not None and any(item.id not in task.kept for item in task.old.exercises)
    ]


def grade_one(submission: Submission, box: AnyBox, wish: Wish, grade: Grade) -> Report:
    """Grade a single submission in this process, for `loralab check`. Raises GraderError where the box fails."""
    with box_failures(), contextlib.closing(box.share()) as shared:
        report = grade(submission, shared, wish.settings, only=wish.only)
    return replace(report, environment={**report.environment, **_circumstances(box, wish.settings)})


def _plan(student: Student, old_path: Path, wish: Wish, box: AnyBox, salt: str) -> _Task:
    """Read what a student handed in, and find out what is to be graded of it."""
    submission = read_submission(student.folder, student.student_id, wish.assignment)
    circumstances = _circumstances(box, wish.settings)
    keys = ledger.exercise_keys(submission.digest, wish.exercises, wish.settings, circumstances, salt)
    old = ledger.read_report(old_path, student.student_id, wish.assignment)
    kept = ledger.kept_results(old, keys, wish.only, wish.force)
    todo = [name for name in wish.exercises if name not in kept and (wish.only is None or name in wish.only)]
    if old is None:
        return _Task(student, submission, tuple(todo), {}, keys, None)
    keys |= {name: old.environment["keys"][name] for name in kept}
    return _Task(student, submission, tuple(todo), kept, keys, old)


def _circumstances(box: AnyBox, settings: Settings) -> dict[str, Any]:
    """With what the grading is done, as far as it can change a verdict; never the seed: students get this."""
    protections = box.protections
    return {
        "examples": settings.examples,
        "sandbox": settings.sandbox,
        "level": protections.get("level"),
        "device": box.device,
    }


@contextlib.contextmanager
def _work_in(box: AnyBox, wish: Wish, grade: Grade) -> Iterator[pool.Work[_Task]]:
    """The work of one grading process, with its own way into the warm box."""
    shared = box.share()
    try:
        yield partial(_grade_task, shared, wish, grade)
    finally:
        shared.close()


def _grade_task(box: AnyBox, wish: Wish, grade: Grade, task: _Task, say: pool.Say) -> bytes:
    """One submission's report as JSON, with what it cost. Runs in a grading process."""
    wall, cpu = time.perf_counter(), time.process_time()
    report = grade(task.submission, box, wish.settings, only=list(task.todo), progress=say)
    if ungraded := set(task.todo) - {exercise.id for exercise in report.exercises}:
        raise RuntimeError(f"no result for {', '.join(sorted(ungraded))}")
    report = replace(report, environment={**report.environment, **_circumstances(box, wish.settings)})
    workers = [times.get("worker_cpu_seconds", 0.0) for times in report.timing.values()]
    cost = {
        "wall_seconds": round(time.perf_counter() - wall, 3),
        "judge_cpu_seconds": round(time.process_time() - cpu, 3),
        "worker_cpu_seconds": round(sum(workers), 3),
        "worker_memory_mb": max(
            (times.get("worker_memory_mb", 0.0) for times in report.timing.values()), default=0.0
        ),
        "judge_memory_mb": _peak_memory_mb(),
    }
    data = {"report": _assembled(task, report, wish).to_json(), "cost": cost}
    return json.dumps(data, allow_nan=False).encode()


def _peak_memory_mb() -> float:
    """The most memory that this process has had so far; 0 where that cannot be told."""
    if resource is None:
        return 0.0
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)  # Linux counts in kB


def _assembled(task: _Task, new: Report | None, wish: Wish) -> Report:
    """The report of new and kept results together, in the assignment's order."""
    results = dict(task.kept)
    if new is not None:
        results |= {exercise.id: exercise for exercise in new.exercises if exercise.id in task.todo}
    names = [name for name in wish.exercises if name in results]
    parts = [part for part in (task.old if task.kept else None, new) if part is not None]
    timing = {name: times for part in parts for name, times in part.timing.items() if name in names}
    environment = {name: value for part in parts for name, value in part.environment.items()}
    return Report(
        student_id=task.student.student_id,
        assignment=wish.assignment,
        exercises=tuple(results[name] for name in names),
        protections=parts[-1].protections,
        environment={**environment, "keys": {name: task.keys[name] for name in names}},
        timing=timing,
    )
