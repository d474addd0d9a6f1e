"""Grades every submission of `tests/submissions/` under many seeds: no correct one may fail, no wrong one may pass.

    python -m tests.seeds --seeds 20 --jobs 2 [--verdict correct] [--exercise nf4_quantization]

Wrong ones run `--seeds` seeds, correct ones ten times as many (as many where the exercise trains).
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from graders.judge.box import Box
from graders.settings import Settings
from tests.graders.grading import EXERCISES, grade_file, lost, submissions

TRAINS = "selective_injection"


def try_one(task: tuple[str, Path, str, int]) -> list[str]:
    """What went wrong with one submission, a line for each seed."""
    exercise_id, path, verdict, seeds = task
    wrong = []
    with Box("auto") as box:
        for seed in range(1, seeds + 1):
            report = grade_file(EXERCISES[exercise_id], path, box, Settings(seed=seed), "first")
            full = report.score == report.max_score
            if full != (verdict == "correct") or any(item.status == "error" for item in report.properties):
                wrong.append(
                    f"{exercise_id}/{verdict}/{path.name} seed {seed}: {'; '.join(lost(report)) or 'full marks'}"
                )
    return wrong


def main() -> int:
    """Print what is not as its folder says, and the counts. 0 if all is."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--verdict", choices=["correct", "wrong"])
    options.add_argument("--exercise", choices=list(EXERCISES))
    chosen = options.parse_args()
    tasks = []
    for verdict in ("correct", "wrong"):
        for exercise_id, path in submissions(verdict):
            if chosen.verdict in (None, verdict) and chosen.exercise in (None, exercise_id):
                more = verdict == "correct" and exercise_id != TRAINS
                tasks.append((exercise_id, path, verdict, chosen.seeds * (10 if more else 1)))
    start, bad = time.monotonic(), 0
    with multiprocessing.get_context("spawn").Pool(chosen.jobs) as pool:
        for lines in pool.imap_unordered(try_one, tasks):
            bad += bool(lines)
            for line in lines:
                print(line, flush=True)
    for verdict in ("correct", "wrong"):
        mine = [task for task in tasks if task[2] == verdict]
        print(f"{verdict}: {len(mine)} submissions, {sum(task[3] for task in mine)} gradings")
    print(f"{bad} submissions not as their folder says ({time.monotonic() - start:.0f} s)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
