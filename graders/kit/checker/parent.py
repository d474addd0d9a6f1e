"""Starts the process that runs the student's code, limits it, and goes on with a new one where it is lost. Knows no torch."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cases import HERE, exercises
from .sheets import Sheet, sheet_of

START_SECONDS, LOAD_SECONDS = 180.0, 30.0
NO_DEFINITION = "No definition of"
START = "import sys; sys.path.append(sys.argv[1]); from {package}.child import main; main()"


@dataclass
class Looked:
    """What has come of one exercise so far."""

    states: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    results: list[Mapping[str, Any]] = field(default_factory=list)


class Lost(Exception):
    """The process is gone, or was ended: a sentence."""


class NoStart(Lost):
    """The process never began."""


def check_files(names: Sequence[str], files: Mapping[str, bytes], notebook: bytes | None) -> list[Sheet]:
    """A sheet for each exercise."""
    left, looked = list(names), {name: Looked() for name in names}
    with tempfile.TemporaryDirectory(prefix="loralab-") as folder:
        copies = {name: Path(folder, "files", name) for name in files}
        for name, path in copies.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        book = Path(folder, "notebook")
        if notebook is not None:
            book.write_bytes(notebook)
        while left:
            _run(left, looked, copies, None if notebook is None else book)
    return [sheet_for(exercises()[name], item) for name, item in looked.items()]


def sheet_for(exercise: Mapping[str, Any], looked: Looked) -> Sheet:
    states = looked.states
    message = looked.problem
    if not message and all(state == "missing" for state in states.values()):
        message = f"{NO_DEFINITION} {_and(exercise['defines'])} was found."
    elif not message and not any(state == "attempt" for state in states.values()):
        message = f"Not written yet: {_and(exercise['defines'])}. Whenever you start, this check will help."
    if message and not looked.results:
        return Sheet(exercise["exercise"], exercise["title"], message, notes=tuple(looked.notes))
    return sheet_of(exercise, looked.results, states, looked.notes)


def _and(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _run(
    left: list[str], looked: dict[str, Looked], files: Mapping[str, Path], notebook: Path | None
) -> None:
    """Check with one process, as far as it comes; exercises that are done leave the list."""
    with tempfile.TemporaryFile() as errors:
        package = __name__.rpartition(".")[0]
        root = HERE.parents[package.count(".")]
        command = [sys.executable, "-P", "-c", START.format(package=package), str(root)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        assert child.stdin is not None
        asked = {
            "exercises": left,
            "files": {name: str(path) for name, path in files.items()},
            "notebook": str(notebook) if notebook else "",
        }
        try:
            child.stdin.write(json.dumps(asked).encode() + b"\n")
            child.stdin.flush()
        except OSError:  # it is gone already; `_follow` tells
            pass
        try:
            _follow(Lines(child), left, looked, exercises())
        except Lost as lost:
            child.kill()
            child.wait()
            if isinstance(lost, NoStart):
                errors.seek(0)
                told = errors.read().decode("utf-8", "replace").strip()
                for name in left:
                    looked[name].problem = f"{lost}\n{told[-1000:]}"
                left.clear()
        finally:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with suppress(OSError):  # what was not written is written once more
                        stream.close()


class Lines:
    """The lines of a process, each waited for no longer than asked."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.child = child
        self.lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        try:
            for line in iter(self.child.stdout.readline, b""):
                self.lines.put(line)
        except (OSError, ValueError):  # closed while it was read
            pass
        self.lines.put(b"")

    def next(self, seconds: float) -> dict[str, Any]:
        """The next line. Raises Lost with what happened instead."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise Lost(f"Your code did not finish within {seconds:g} seconds.") from None
        if not line:
            status = self.child.wait()
            raise Lost(f"Your code ended the process it ran in (exit status {status}).")
        told: dict[str, Any] = json.loads(line)
        return told


def _follow(
    lines: Lines, left: list[str], looked: dict[str, Looked], known: Mapping[str, Mapping[str, Any]]
) -> None:
    """Take in what the process says. Raises Lost, after it was noted at its exercise, where the process is lost."""
    try:
        lines.next(START_SECONDS)
    except Lost as lost:
        raise NoStart("Python did not start, or could not import torch and numpy.") from lost
    for name in list(left):
        alive = follow_one(lines, known[name], looked[name])
        left.remove(name)
        if not alive:
            raise Lost(name)


def follow_one(lines: Lines, exercise: Mapping[str, Any], looked: Looked) -> bool:
    """Take in what the process says of one exercise. False where the process was lost, after that was noted."""
    try:
        for told in until_done(lines):
            take_in(told, looked)
    except AtCase as at:
        blamed = exercise["cases"][at.number]["blame"][""]
        ended = {"property": blamed, "message": str(at), "unwritten": ""}
        looked.results.append({"case": at.number, "outcomes": [], "ended": ended})
        return False
    except Lost as lost:
        looked.problem = f"While your file was loaded: {lost}"
        return False
    return True


class AtCase(Exception):
    """The process was lost in a case."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def until_done(lines: Lines) -> Iterator[dict[str, Any]]:
    seconds, number = LOAD_SECONDS, None
    while True:
        try:
            told = lines.next(seconds)
        except Lost as lost:
            if number is not None:
                raise AtCase(number, str(lost)) from None
            raise
        if "done" in told:
            return
        if "case" in told:
            seconds, number = told["seconds"], told["case"]
        else:
            seconds = LOAD_SECONDS
        yield told


def take_in(told: Mapping[str, Any], looked: Looked) -> None:
    if "loaded" in told:
        looked.states, looked.notes, looked.problem = told["states"], told["notes"], told["problem"]
    elif "notes" in told:
        looked.notes += told["notes"]
    if "result" in told:
        looked.results.append(told["result"])
