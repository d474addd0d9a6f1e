"""Prints what grading costs: `python -m benchmarks`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.course import against_nbgrader
from benchmarks.library import library
from graders.exercises.selective_injection import compare
from graders.grade import grade, material, reference_submission
from graders.judge.box import Box
from graders.judge.session import Session
from graders.settings import Settings

ROOT = Path(__file__).parent.parent
RIGHT = ("ada", "josé", "li.wei@uni.example", "noor")
CLASS = 24


def one_submission(box: Box) -> None:
    """CPU seconds of a right submission of all four exercises, judge and worker, best of 3."""
    runs = [grade(reference_submission("lora_theory"), box, Settings()).timing for _ in range(3)]
    costs = [
        {name: entry["judge_cpu_seconds"] + entry["worker_cpu_seconds"] for name, entry in timing.items()}
        for timing in runs
    ]
    best = min(costs, key=lambda cost: sum(cost.values()))
    given = material("lora_theory", "selective_injection")
    with Session(box, reference_submission("lora_theory"), given) as session:
        session.load()
        before = session.cpu_seconds
        session.ask("compare", compare.arguments({**compare.base, "seed": 1}), 1, 200.0)
        training = session.cpu_seconds - before
    for name, cost in best.items():
        print(f"  {name}: {cost:.2f} CPU s")
    total = sum(best.values())
    print(f"  all four: {total:.2f} CPU s, of which the comparison's training takes {training:.2f}")
    print(f"  without that training: {total - training:.2f} CPU s (goal: at most 2.5)")


def first_answer(box: Box) -> None:
    """Milliseconds from asking for a worker to its first answer about a loaded submission, median of 40."""
    times = []
    for _ in range(40):
        start = time.perf_counter()
        with box.worker() as worker:
            worker.ask({"op": "probe", "probe": "none", "arguments": {}, "seed": 1}, cpu_seconds=5.0)
        times.append(1000 * (time.perf_counter() - start))
    print(f"  fork to first answer and reaping: {statistics.median(times):.1f} ms (goal: at most 15 ms)")


def two_jobs() -> None:
    """Wall seconds of a small class with one grading process and with two, start-up among them."""
    with tempfile.TemporaryDirectory() as folder:
        submitted = Path(folder, "submitted")
        for number in range(CLASS):
            target = submitted / f"s{number}" / "lora_theory"
            target.parent.mkdir(parents=True)
            source = ROOT / "examples" / "submitted" / RIGHT[number % len(RIGHT)] / "lora_theory"
            subprocess.run(["cp", "-r", str(source), str(target)], check=True)
        walls = {}
        for jobs in (1, 2):
            start = time.perf_counter()
            command = [
                sys.executable,
                "-m",
                "graders",
                "grade",
                str(submitted),
                "--output",
                f"{folder}/out{jobs}",
                "--jobs",
                str(jobs),
            ]
            subprocess.run(command, check=True, capture_output=True)
            walls[jobs] = time.perf_counter() - start
        print(
            f"  {CLASS} right submissions: {walls[1]:.1f} s with 1 job, {walls[2]:.1f} s with 2: {walls[1] / walls[2]:.2f}x (goal: 1.8x)"
        )


def main() -> None:
    """All benchmarks."""
    print("grading")
    with Box("auto") as box:
        one_submission(box)
        first_answer(box)
    two_jobs()
    with tempfile.TemporaryDirectory() as folder:
        against_nbgrader(Path(folder))
    library()


if __name__ == "__main__":
    main()
