"""What was graded already: a run that was interrupted goes on, and what is unchanged is not graded again."""

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
    "graders/judge/*.py", "graders/worker/**/*.py", "graders/claims.py", "graders/exercise.py", "graders/grade.py",
    "lora_reference/lab.py", "lora_reference/memory.py", "lora_reference/nf4.py",
)  # fmt: skip
AFTERWARDS = ("mistakes", "hints", "replay", "pictures", "facts", "diagnosis", "wrong_", "naming")


@functools.cache
def judging(exercise: str) -> str:
    """A hash of the code that decides this exercise's verdicts."""
    patterns = (*JUDGING, f"graders/exercises/{exercise}.py", f"graders/exercises/{exercise}/*.py")
    files = sorted({path for pattern in patterns for path in ROOT.glob(pattern)})
    digest = hashlib.sha256()
    for path in files:
        if not any(word in path.stem for word in AFTERWARDS):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def key_of(entry: Entry, seed: int, effort: str) -> str:
    """The key of one grading."""
    parts = (judging(entry.exercise), hashlib.sha256(entry.text).hexdigest(), seed, effort)
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

    def add(self, key: str, result: dict[str, Any]) -> None:
        """Keep a result, at once on disk."""
        self.results[key] = result
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "result": result}) + "\n")
