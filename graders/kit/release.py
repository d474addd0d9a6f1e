"""Writes what is handed out: `loralab release lora_theory --output kit/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import graders
from graders.exercise import Exercise
from graders.grade import assignments, contract_text, data_folder
from graders.kit.recording import exercise_record

PACKAGE = "loralab_check"
MARK = "made by `loralab release`"  # in README.md: a folder that may be written anew
WORKER = (
    "calling", "modules", "notebook", "packages", "placeholders", "raised", "serve", "sources", "statements", "stubs",
    "submission", "tried", "watching", "wire",
)  # fmt: skip
CHECK = f'''"""Checks your work on recorded cases: python check.py [EXERCISE, FILE or FOLDER ...]"""

import sys

from {PACKAGE}.__main__ import main

sys.exit(main())
'''


class ReleaseError(Exception):
    """The kit cannot be written; the message says why."""


def release(assignment: str, output: Path) -> list[Path]:
    """Write the kit and return its files. Raises ReleaseError where the folder holds other things, OSError where it cannot."""
    known = assignments()
    if assignment not in known:
        raise ReleaseError(f"there is no assignment {assignment!r}; there is {', '.join(known)}")
    files = kit_files(assignment, known[assignment].exercises)
    refuse_other_things(output, files)
    for name, text in files.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return [output / name for name in files]


def refuse_other_things(output: Path, files: Mapping[str, str]) -> None:
    """A folder that is there has to be empty, or a kit that nobody has worked in."""
    if output.exists() and not output.is_dir():
        raise ReleaseError(f"{str(output)!r} is no folder")
    there = [path for path in sorted(output.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    if not there:
        return
    readme = output / "README.md"
    ours = readme.is_file() and MARK in readme.read_text(encoding="utf-8", errors="replace")
    for path in there:
        name = path.relative_to(output).as_posix()
        if not ours or name not in files:
            raise ReleaseError(f"{str(output)!r} holds other things ({name}); choose a new folder")
        if "/" not in name and path.read_bytes() != files[name].encode():
            raise ReleaseError(f"{str(path)!r} is not as it would be handed out; choose a new folder")


def kit_files(assignment: str, exercises: tuple[Exercise, ...]) -> dict[str, str]:
    """The text of every file of the kit, by its path in it; the same bytes each time."""
    handed_out = data_folder("assignments", assignment)
    files = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(handed_out.iterdir())
        if path.suffix in (".py", ".ipynb")
    }
    stubs = {name: text for name, text in files.items() if name.endswith(".py")}
    files |= {"check.py": CHECK, "README.md": readme(exercises), "contract.md": contract_text(assignment)}
    files |= {f"{PACKAGE}/{name}": text for name, text in checker_files().items()}
    files |= {f"{PACKAGE}/handed_out/{name}": text for name, text in stubs.items()}
    for exercise in exercises:
        files[f"{PACKAGE}/cases/{exercise.id}.json"] = as_lines(exercise_record(exercise))
    return dict(sorted(files.items()))


def as_lines(record: Mapping[str, Any]) -> str:
    """JSON with a line for each claim and each case."""

    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    parts = []
    for name, value in record.items():
        text = compact(value)
        if name in ("properties", "cases"):
            text = "[\n" + ",\n".join(map(compact, value)) + "\n]"
        parts.append(f"{compact(name)}:{text}")
    return "{" + ",\n".join(parts) + "}\n"


def checker_files() -> dict[str, str]:
    """The checker, and what it needs of the worker: no part of the grader that knows answers."""
    here, folder = Path(__file__).parent / "checker", Path(graders.__file__).parent / "worker"
    files = {path.relative_to(here).as_posix(): path for path in sorted(here.rglob("*.py"))}
    names = [
        *(f"{name}.py" for name in WORKER),
        *(f"probes/{path.name}" for path in (folder / "probes").glob("*.py")),
    ]
    files |= {f"worker/{name}": folder / name for name in sorted(names)}
    files["reading.py"] = folder.parent / "judge" / "reading.py"
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    texts["worker/__init__.py"] = (
        '"""How the grader loads what was written, and looks at it: do and look, never compare."""\n'
    )
    moved = {"graders.worker": f"{PACKAGE}.worker", "graders.judge.reading": f"{PACKAGE}.reading"}
    for old, new in moved.items():
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    return texts


def readme(exercises: tuple[Exercise, ...]) -> str:
    """What the kit is and how it is used."""
    rows = "\n".join(
        f"| {exercise.order} | `{exercise.id}.py` | {', '.join(f'`{name}`' for name in exercise.defines)} | {exercise.points:g} |"
        for exercise in exercises
    )
    return f"""# Your exercises

<!-- {MARK} -->

| | file | you write | points |
|---|---|---|---|
{rows}

Write where a stub raises `NotImplementedError`, in the files or in the notebook `lora_theory.ipynb`. What a right answer is stands in
the docstrings, and in full in `contract.md`. `lab.py` is given code.

Check yourself as often as you like. You need Python 3.11 or newer, torch and numpy (`pip install torch numpy`; the notebook draws with
matplotlib):

    python check.py                        # all exercises of this folder
    python check.py nf4_quantization       # one of them; a file, a notebook or a folder will do too

In the notebook: `from {PACKAGE} import check`, then `check("nf4_quantization")`.

For each claim that does not hold you read what happened, what the exercise says, and the smallest case that shows it. The cases are
recorded, and they are not the graded ones: grading draws others, and more of them. Passing here is a good sign, no promise.

When you are done, hand in the four files or the notebook, nothing else.
"""
