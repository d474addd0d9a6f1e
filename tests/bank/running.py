"""Does the bank's work in several processes, breadth first: every entry under one seed before any under the next."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

from graders.grade import grade_exercise
from graders.judge.box import Box
from graders.judge.search import Effort
from graders.report import ExerciseReport
from graders.run.opening import AnyBox, open_box
from graders.run.pool import do_all
from graders.settings import Settings
from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.bank.replays import replays
from tests.graders.grading import EXERCISES, named

TRAINS = "selective_injection"  # a grading takes seconds: after the first seed it ends at the first violation
Task = tuple[Entry, int, Effort | Literal["naming", "replay"]]


def gradings(entries: Sequence[Entry], seeds: int, fair_seeds: int) -> Iterator[Task]:
    """What to grade, in order: `seeds` for what must fail, `fair_seeds` for what must pass."""
    for seed in range(1, max(seeds, fair_seeds) + 1):
        for entry in entries:
            most = {"correct": fair_seeds, "variant": 1}.get(entry.kind, seeds)
            if seed <= most:
                yield entry, seed, effort_of(entry, seed)


def effort_of(entry: Entry, seed: int) -> Effort:
    """Every property that is violated, or only whether one is."""
    return "first" if entry.kind == "correct" or (entry.exercise == TRAINS and seed > 1) else "verdicts"


def run(wanted: Iterable[Task], ledger: Ledger, jobs: int, minutes: float) -> bool:
    """Do what the ledger lacks. False where the time ran out before all was done."""
    end = time.monotonic() + 60 * minutes
    missing = [task for task in dict.fromkeys(wanted) if ledger.lacks(key_of(*task))]
    print(f"{len(missing)} gradings to do", flush=True)
    left = iter(missing)
    with open_box(Settings()) as box:
        for number, done in enumerate(do_all(until(end, left), partial(_in_box, box), jobs), start=1):
            crash = {"crash": f"{done.failure}\n{done.details}".strip()}
            ledger.add(key_of(*done.task), crash if done.value is None else json.loads(done.value))
            if number % 200 == 0:
                print(f"{number} of {len(missing)}", flush=True)
    return next(left, None) is None


def until(end: float, tasks: Iterator[Task]) -> Iterator[Task]:
    """The tasks, as long as there is time."""
    while time.monotonic() < end and (task := next(tasks, None)) is not None:
        yield task


@contextlib.contextmanager
def _in_box(box: AnyBox) -> Iterator[Callable[[Task, Any], bytes]]:
    with contextlib.closing(box.share()) as shared:
        yield partial(_work, shared)


def _work(box: Box, task: Task, say: Any) -> bytes:
    entry, seed, what = task
    if what == "naming":
        return json.dumps({"named": sorted(named(EXERCISES[entry.exercise], entry.submission, box))}).encode()
    if what == "replay":
        return json.dumps(
            {"replays": {claim.id: wrong for _, claim, wrong in replays([entry], box, seed)}}
        ).encode()
    return json.dumps(graded(entry, seed, what, box)).encode()


def graded(entry: Entry, seed: int, effort: Effort, box: Box) -> dict[str, Any]:
    """One grading as the ledger keeps it."""
    return result(
        grade_exercise(entry.submission, EXERCISES[entry.exercise], box, Settings(seed=seed), effort)[0]
    )


def result(report: ExerciseReport) -> dict[str, Any]:
    """What came of it for each property, the points, and the first words about what was lost."""
    said = (item.message for item in report.properties if item.status != "passed")
    return {
        "status": report.status,
        "full": report.score == report.max_score,
        "score": report.score,
        "outcomes": {item.id: item.status for item in report.properties},
        "said": next(said, report.message)[:200],
        "untold": [note for note in report.notes if "the grader's fault" in note],
    }
