"""The student's kit on every submission: correct ones pass it, and most wrong ones fail: `python -m tests.bank.kit [EXERCISE ...]`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from graders.kit.checker.sheets import Sheet
from graders.kit.release import PACKAGE, release
from tests.graders.grading import EXERCISES, label_of, submissions

LEAST = 0.9  # of the wrong ones, in each exercise
MANY = 40  # files for one process: what some of them leave behind adds up
CODE = f"""
import json, sys
sys.path.append(sys.argv[1])
from {PACKAGE}.child import quietly, check_one
say = quietly()
from {PACKAGE}.submitted import Submitted
say({{"ready": True}})
for line in sys.stdin:
    exercise, path = json.loads(line)
    check_one(Submitted(exercise, {{exercise + ".py": open(path, "rb").read()}}, None), say)
"""


@dataclass
class Kit:
    """A released kit, and a process of it that checks one file after the other. Use as a context manager."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    lines: Any = None
    count: int = 0
    cwd: tempfile.TemporaryDirectory[str] = field(
        default_factory=tempfile.TemporaryDirectory
    )  # some write files

    def __post_init__(self) -> None:
        sys.path.append(str(self.folder))
        self.parent: ModuleType = __import__(f"{PACKAGE}.parent", fromlist=["Lines"])

    def check(self, exercise: str, path: Path) -> Sheet:
        """The sheet of a file, checked in the process that is there, or in a new one."""
        self.count += 1
        if self.count % MANY == 0:
            self.close()
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", CODE, str(self.folder)],
                cwd=self.cwd.name, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self.lines = self.parent.Lines(self.process)
            self.lines.next(self.parent.START_SECONDS)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([exercise, str(path)]).encode() + b"\n")
        self.process.stdin.flush()
        looked = self.parent.Looked()
        if not self.parent.follow_one(self.lines, self.parent.exercises()[exercise], looked):
            self.close()
        sheet: Sheet = self.parent.sheet_for(self.parent.exercises()[exercise], looked)
        return sheet

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def __enter__(self) -> Kit:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        self.cwd.cleanup()
        sys.path.remove(str(self.folder))


def measured(kit: Kit, verdict: str, exercises: Iterable[str]) -> Iterator[tuple[str, Path, Sheet]]:
    """Each submission of a verdict with its sheet; a correct one that fails is tried again in a process of its own."""
    for exercise, path in submissions(verdict):
        if exercise in exercises:
            sheet = kit.check(exercise, path)
            if verdict == "correct" and not sheet.complete:
                kit.close()
                sheet = kit.check(exercise, path)
            yield exercise, path, sheet


def why(sheet: Sheet) -> str:
    """What does not hold, in a line."""
    first = [f"{item.claim['id']}: {item.message.splitlines()[0]}" for item in sheet.failing]
    return "; ".join([sheet.message, *first]).strip("; ") or f"waits: {sheet.waiting}"


def main(arguments: list[str]) -> int:
    """Print the table and each exception. Exit status 0 where it is as it must be."""
    chosen = arguments or list(EXERCISES)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        release("lora_theory", Path(folder))
        with Kit(Path(folder)) as kit:
            for exercise in chosen:
                for verdict in ("correct", "wrong"):
                    found = list(measured(kit, verdict, [exercise]))
                    right = [sheet.complete == (verdict == "correct") for _, _, sheet in found]
                    did = "passed" if verdict == "correct" else "failed"
                    print(f"{exercise}: {verdict} {did} {sum(right)}/{len(found)}", flush=True)
                    for (_, path, sheet), ok in zip(found, right, strict=True):
                        if not ok:
                            about = why(sheet) if verdict == "correct" else label_of(path)
                            print(f"  - {path.stem}: {about}", flush=True)
                    bad += sum(right) < len(found) * (1 if verdict == "correct" else LEAST)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
