"""Replays: does each failed claim's script show the failure beside the submission, and none beside the solution?

    python -m tests.bank.replays [--exercise ID ...] [--like PATTERN]

grades every wrong submission once and runs what its report says under "see it yourself", each in a fresh fork of a
process that has only imported torch. What does not replay is printed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graders.grade import reference_submission
from graders.judge.box import Box
from graders.report import ExerciseReport, Outcome
from graders.settings import Settings
from tests.bank.entries import Entry, entries
from tests.graders.grading import EXERCISES, grade_text

FRESH = Path(__file__).with_name("fresh.py")
LAB = (Path(__file__).parents[2] / "lora_reference" / "lab.py").read_text(encoding="utf-8")
SECONDS = 60.0
HANGS = 5.0  # what ran out of time is still running after so long
NUMBER = re.compile(r"(?<![A-Za-z_\d.])-?(?:\d+\.?\d*(?:e[+-]?\d+)?|nan|inf)(?![A-Za-z_\d])")
PLACES = re.compile(r" at \[[\d, ]*\](?=:)")  # of the numbers that follow
MOST_LINES = 15
ENDINGS = {  # how a script may end where the report says so
    "out of memory": ("MemoryError", "RuntimeError", "OutOfMemoryError", "died"),
    "died": ("died", "SystemExit", "still running", "printed"),
}
CANNOT_SHOW = {  # what a script of 15 lines cannot show of these
    "a_never_filled": "memory that is filled with whatever was there",
    "short_last_block_never_filled": "the same",
    "stochastic_rounding": "another result at each call",
    "weights_drift_with_decay": "a weight that goes on drifting after a step of training",
    "compares_names_by_identity": "texts that are equal and not the same: those of a script are",
    "names_done_kept_between_models": "an injection before the comparison, which the call alone does not make",
    "targets_pile_up_over_calls": "the same",
    "levels_rounded_to_six_decimals": "less than what the numbers of a script are compared to",
}
NOT_BESIDE_SOLUTION = {  # whose script expects what holds for their own factors alone
    "rank_and_alpha_swapped": "factors of another rank get other numbers than the solution's",
    "wraps_per_pattern": "so do more factors in a layer",
}
BY_ITSELF = ("not deterministic", "remembers something")  # of a case that need not fail alone


@dataclass(frozen=True)
class Shown:
    """How a script ended: `printed`, an exception's name, `still running` or `died`; and what it printed."""

    ended: str
    printed: str

    @property
    def ending(self) -> tuple[str, str] | None:
        """What the last two lines say: yours and expected."""
        last = self.printed.rstrip("\n").split("\n")[-2:]
        if len(last) == 2 and last[0].startswith("yours:") and last[1].startswith("expected:"):
            return last[0].partition(":")[2].strip(), last[1].partition(":")[2].strip()
        return None

    @property
    def says(self) -> str:
        """How it ended, and the end of what it printed."""
        return f"ends with {self.ended}: {self.printed[-400:]}"

    @property
    def holds(self) -> bool:
        """Whether it shows that the claim holds."""
        return self.ended == "printed" and self.ending is not None and alike(*self.ending)


class Fresh:
    """The process that forks for each script. Use as a context manager."""

    def __enter__(self) -> Fresh:
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(FRESH)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def run(self, text: str, files: Mapping[str, str], seconds: float = SECONDS) -> Shown:
        """How a script ends beside these files."""
        assert self.process.stdin
        assert self.process.stdout
        with beside(files) as folder:
            request = {"text": text, "folder": folder, "seconds": seconds}
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return Shown(**json.loads(self.process.stdout.readline()))


@contextmanager
def beside(files: Mapping[str, str]) -> Iterator[str]:
    """A folder with these files."""
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_text(content, encoding="utf-8")
        yield folder


def alike(yours: str, expected: str) -> bool:
    """Whether two printed texts are the same but for rounding: of double precision where they say so."""
    if NUMBER.split(yours) != NUMBER.split(expected) or PLACES.findall(yours) != PLACES.findall(expected):
        return False
    yours, expected = PLACES.sub("", yours), PLACES.sub("", expected)
    pairs = [
        (float(a), float(b)) for a, b in zip(NUMBER.findall(yours), NUMBER.findall(expected), strict=True)
    ]
    if any(a != a or b != b for a, b in pairs):
        return False
    relative = 1e-11 if "float64" in yours else 2e-6
    largest = max((abs(b) for _, b in pairs if abs(b) < float("inf")), default=0.0)
    return all(
        a == b or abs(a - b) <= relative * max(abs(a), abs(b)) + relative / 10 * largest for a, b in pairs
    )


def failed(report: ExerciseReport) -> list[Outcome]:
    """The claims that have a script, as far as their case fails by itself."""
    return [
        outcome
        for outcome in report.properties
        if outcome.status in ("failed", "timed_out")
        and outcome.counterexample is not None
        and not any(fact in " ".join(outcome.counterexample["facts"]) for fact in BY_ITSELF)
    ]


def wanted(outcome: Outcome) -> str:
    """How the script of a failed claim must end: `printed`, or how the report says that the code ended."""
    raised = re.match(r"Your code raised ([\w.]+)", outcome.message)
    if raised:
        return raised[1].rpartition(".")[2]
    if outcome.status == "timed_out":
        return "still running"
    starts = {"Your code needed more memory": "out of memory", "Your code ended the process": "died"}
    return next((end for start, end in starts.items() if outcome.message.startswith(start)), "printed")


def problem(fresh: Fresh, exercise: str, outcome: Outcome, text: str, lab: str = LAB) -> str:
    """What is wrong with the replay of a failed claim beside the submission; empty if it shows the failure."""
    assert outcome.reproduce is not None
    count, want = len(outcome.reproduce.splitlines()), wanted(outcome)
    if count > MOST_LINES:
        return f"has {count} lines"
    seconds = HANGS if want == "still running" else SECONDS
    shown = fresh.run(outcome.reproduce, {f"{exercise}.py": text, "lab.py": lab}, seconds)
    if want == "printed" and shown.ended == "printed":
        return (
            "shows no failure"
            if shown.holds
            else ""
            if shown.ending
            else "does not end with yours and expected"
        )
    return "" if shown.ended in ENDINGS.get(want, (want,)) else f"{shown.says}, should with {want}"


def problem_beside_solution(fresh: Fresh, exercise: str, outcome: Outcome, lab: str = LAB) -> str:
    """What is wrong with the replay beside the reference solution, where it must show no failure."""
    assert outcome.reproduce is not None
    solution = reference_submission("lora_theory").files[f"{exercise}.py"].decode()
    shown = fresh.run(outcome.reproduce, {f"{exercise}.py": solution, "lab.py": lab})
    right = shown.holds if wanted(outcome) == "printed" else shown.ended == "printed"
    return "" if right else f"beside the solution {shown.says}"


def replays(bank: Iterable[Entry], box: Box, seed: int) -> Iterator[tuple[Entry, Outcome, str]]:
    """Every failed claim of every wrong submission, and what is wrong with its replay; nothing where it is empty."""
    with Fresh() as fresh:
        for entry in bank:
            if entry.kind != "wrong":
                continue
            report = grade_text(EXERCISES[entry.exercise], entry.text, box, Settings(seed=seed))
            for outcome in failed(report):
                wrong = problem(fresh, entry.exercise, outcome, entry.text.decode(errors="replace"))
                wrong = "" if entry.name in CANNOT_SHOW else wrong
                if not wrong and entry.name not in NOT_BESIDE_SOLUTION:
                    wrong = problem_beside_solution(fresh, entry.exercise, outcome)
                yield entry, outcome, wrong


def main() -> int:
    """Print what does not replay. 0 if everything does."""
    options = argparse.ArgumentParser(prog="python -m tests.bank.replays", description=__doc__)
    options.add_argument("--exercise", choices=list(EXERCISES), nargs="+")
    options.add_argument("--like", default=".", help="only submissions whose name this pattern fits")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    bank = [
        entry
        for entry in entries()
        if entry.kind == "wrong"
        and entry.exercise in (chosen.exercise or EXERCISES)
        and re.search(chosen.like, entry.name)
    ]
    count = bad = 0
    with Box("auto") as box:
        for entry, outcome, wrong in replays(bank, box, chosen.seed):
            count += 1
            bad += bool(wrong)
            if wrong:
                print(f"{entry.id} {outcome.id}: {wrong}\n{outcome.message}\n{outcome.reproduce}", flush=True)
    print(f"{count} replays of {len(bank)} submissions, {bad} are not as they must be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
