"""The process that runs the student's code: imports torch once, checks one exercise after the other.

It reads one JSON line from standard input (what to check) and writes JSON lines, one for each thing that
happens, to what was its standard output; whatever the student's code prints goes nowhere.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

FORBIDDEN = ["graders", "lora_reference", "reference_solutions"]
MOST_PLACEHOLDERS = 10


def main() -> None:
    """Check what standard input asks for."""
    say = quietly()
    asked = json.loads(sys.stdin.readline())
    from .submitted import Submitted  # imports torch

    say({"ready": True})
    for exercise in asked["exercises"]:
        files = {name: Path(path).read_bytes() for name, path in asked["files"].items()}
        notebook = Path(asked["notebook"]).read_bytes() if asked["notebook"] else None
        check_one(Submitted(exercise, files, notebook), say)


def check_one(submitted: Any, say: Callable[[Mapping[str, Any]], None]) -> None:
    """Load one exercise and run its cases, saying what comes of each."""
    exercise = submitted.exercise
    say({"loading": exercise["exercise"]})
    with submitted as (loaded, run):
        say({"loaded": exercise["exercise"], **loaded})
        for number, case in enumerate(exercise["cases"]):
            if run is None or any(loaded["states"].get(name) != "attempt" for name in case["needs"]):
                continue
            say({"case": number, "seconds": case["seconds"]})
            say({"result": run(number)})
        say({"notes": submitted.tried()})
    say({"done": exercise["exercise"]})


def quietly() -> Callable[[Mapping[str, Any]], None]:
    """Keep standard output for our lines; from here on, printing harms nothing."""
    kept = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
    lines: TextIO = open(kept, "w", encoding="utf-8", newline="\n")  # noqa: SIM115

    def say(what: Mapping[str, Any]) -> None:
        lines.write(json.dumps(what) + "\n")
        lines.flush()

    return say
