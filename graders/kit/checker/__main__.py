"""`python check.py [EXERCISE, FILE or FOLDER ...]`: exit status 0 all claims hold, 1 some do not, 2 the call is wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graders.judge.reading import KIT, Submission, read_file

from .cases import exercises, HERE  # isort: skip
from .parent import NO_DEFINITION, check_files
from .sheets import Sheet
from .telling import text_of

USAGE = (
    "usage: python check.py [EXERCISE, FILE or FOLDER ...]   the exercises are {}; without any, all of them"
)


class CallError(Exception):
    """The call is wrong; the message says how."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the arguments name and print what came of it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = sys.argv[1:] if arguments is None else arguments
    usage = USAGE.format(", ".join(exercises()))
    if any(item in ("-h", "--help") for item in arguments):
        print(usage)
        return 0
    if sys.version_info < (3, 11):  # noqa: UP036  (nothing was installed that would have refused)
        print(f"check: Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    sheets: list[Sheet] = []
    notes: list[str] = []
    try:
        for item in arguments or [""]:
            names, submission = _asked(item)
            sheets += _check(names, submission, only_there=item.endswith(".ipynb"))
            notes += [note for note in submission.notes if note not in notes]
    except CallError as error:
        print(f"check: {error}\n{usage}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("check: interrupted", file=sys.stderr)
        return 130
    print(text_of(sheets, notes), end="")
    return 0 if all(sheet.complete for sheet in sheets) else 1


def _asked(item: str) -> tuple[list[str], Submission]:
    """The exercises that an argument is about, and what was written, as the grader reads it; an empty one stands for the
    folder at hand."""
    known, path = list(exercises()), Path(item)
    if not item or item in known:
        return [item] if item else known, read_file(_folder())
    if not path.is_dir() and not path.is_file():
        raise CallError(f"{item!r} is neither an exercise nor a file nor a folder")
    if path.is_dir() or path.suffix == ".ipynb":
        return known, read_file(path)
    if path.stem not in known or path.suffix != ".py":
        raise CallError(f"{path.name!r} is not named after an exercise")
    return [path.stem], read_file(path)


def _check(names: list[str], submission: Submission, only_there: bool) -> list[Sheet]:
    """A sheet for each exercise; of one of which nothing is there, why. With `only_there` no such sheets beside others."""
    files = {name: text for name, text in submission.files.items() if not name.startswith(KIT)}
    sheets = []
    for sheet in check_files(names, files, submission.notebook):
        told = [
            problem
            for name, problem in submission.problems.items()
            if name == f"{sheet.exercise}.py" or not name.endswith(".py")
        ]
        nothing = sheet.message.startswith(NO_DEFINITION)
        sheets.append(replace(sheet, message=" ".join([*told, sheet.message])) if nothing and told else sheet)
    there = [sheet for sheet in sheets if not sheet.message.startswith(NO_DEFINITION)]
    return there if there and only_there else sheets


def _folder() -> Path:
    """Where the student works: the current folder if an exercise lies there, else that of the checker."""
    names = [*(f"{name}.py" for name in exercises()), "lora_theory.ipynb"]
    here = Path.cwd()
    return here if any((here / name).is_file() for name in names) else HERE.parent


if __name__ == "__main__":
    sys.exit(main())
