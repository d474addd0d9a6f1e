"""Grades the bank in several processes, breadth first: every entry under one seed before any under the next."""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from graders.judge.box import Box
from graders.judge.search import Effort
from graders.settings import Settings
from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.graders.grading import EXERCISES, grade_text

TRAINS = "selective_injection"  # a grading takes seconds: after the first seed it ends at the first violation
Task = tuple[Entry, int, Effort]


def tasks(entries: Sequence[Entry], seeds: int, fair_seeds: int) -> Iterator[Task]:
    """What to grade, in order: `seeds` for what must fail, `fair_seeds` for what must pass."""
    for seed in range(1, max(seeds, fair_seeds) + 1):
        for entry in entries:
            if seed <= (fair_seeds if entry.kind == "correct" else seeds):
                yield entry, seed, effort_of(entry, seed)


def effort_of(entry: Entry, seed: int) -> Effort:
    """Every property that is violated, or only whether one is."""
    return "first" if entry.kind == "correct" or (entry.exercise == TRAINS and seed > 1) else "verdicts"


def run(wanted: Iterable[Task], ledger: Ledger, jobs: int, minutes: float) -> bool:
    """Grade what the ledger lacks. False where the time ran out before all was done."""
    missing = [task for task in wanted if key_of(*task) not in ledger.results]
    end = time.monotonic() + 60 * minutes
    print(f"{len(missing)} gradings to do", flush=True)
    if not missing:
        return True
    with multiprocessing.get_context("spawn").Pool(jobs, open_box) as pool:
        for number, (key, result) in enumerate(pool.imap(graded, missing, chunksize=1), start=1):
            ledger.add(key, result)
            if number % 200 == 0:
                print(f"{number} of {len(missing)}", flush=True)
            if time.monotonic() > end:
                pool.terminate()
                return False
    return True


_box: Box | None = None


def open_box() -> None:
    """Once in each process."""
    global _box
    os.nice(10)
    _box = Box("auto").__enter__()


def graded(task: Task) -> tuple[str, dict[str, Any]]:
    """One grading: which properties failed, which waited, whether the grader was at fault."""
    entry, seed, effort = task
    assert _box is not None
    try:
        report = grade_text(EXERCISES[entry.exercise], entry.text, _box, Settings(seed=seed), effort)
    except Exception:
        return key_of(*task), {"crash": traceback.format_exc()[-2000:], "failed": [], "full": False}
    return key_of(*task), {
        "status": report.status,
        "full": report.score == report.max_score,
        "failed": [item.id for item in report.properties if item.status in ("failed", "timed_out")],
        "error": [item.id for item in report.properties if item.status == "error"],
        "said": next((item.message for item in report.properties if item.status == "failed"), report.message)[
            :200
        ],
    }
