"""What was done already: a run that was interrupted goes on, and what is unchanged is not done again."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from tests.bank.entries import Entry

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".bank"
# What a verdict follows from: names, hints, replays and pictures come after it.
JUDGING = (
    "graders/judge/*.py", "graders/worker/*.py", "graders/claims.py", "graders/exercise.py", "graders/grade.py", "graders/settings.py",
    "lora_reference/lab.py", "lora_reference/memory.py", "lora_reference/nf4.py", "assignments/*/*.py", "requirements.lock",
)  # fmt: skip
AFTERWARDS = (
    "mistakes",
    "hints",
    "replay",
    "pictures",
    "facts",
    "diagnosis",
    "wrong_",
    "naming",
    "_seen",
    "_model",
    "beside",
)


@functools.cache
def judging(exercise: str, what: str) -> str:
    """A hash of the code that decides this exercise's verdicts; for other work than grading, of what follows too."""
    patterns = [*JUDGING, f"graders/worker/probes/{exercise}.py", f"graders/exercises/{exercise}/*.py"]
    if what == "replay":
        patterns += ["graders/replay.py", "tests/bank/replays.py", "tests/bank/fresh.py"]
    files = sorted({path for pattern in patterns for path in ROOT.glob(pattern)})
    digest = hashlib.sha256()
    for path in files:
        if what in ("naming", "replay") or not any(word in path.stem for word in AFTERWARDS):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def key_of(entry: Entry, seed: int, what: str) -> str:
    """The key of one piece of work."""
    parts = (judging(entry.exercise, what), entry.submission.digest, seed, what)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class Ledger:
    """Results by key, a JSON line each; a half-written last line is passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.results: dict[str, dict[str, Any]] = {}
        path.parent.mkdir(exist_ok=True)
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                record = json.loads(line)
                self.results[record["key"]] = record["result"]
            except (ValueError, KeyError, TypeError):
                continue

    def lacks(self, key: str) -> bool:
        """Whether this is still to do: never done, or the grader fell over it."""
        return "crash" in self.results.get(key, {"crash": ""})

    def add(self, key: str, result: dict[str, Any]) -> None:
        """Keep a result, at once on disk."""
        self.results[key] = result
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "result": result}) + "\n")
