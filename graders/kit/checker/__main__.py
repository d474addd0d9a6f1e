"""`python check.py [EXERCISE, FILE or FOLDER ...]`: exit status 0 all claims hold, 1 some do not, 2 the call is wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from graders.judge.reading import KIT, read_submission

from .cases import exercises, HERE  # isort: skip
from .parent import check_files
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
    try:
        sheets = [sheet for item in arguments or [""] for sheet in _check(item)]
    except CallError as error:
        print(f"check: {error}\n{usage}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("check: interrupted", file=sys.stderr)
        return 130
    print(text_of(sheets), end="")
    return 0 if all(sheet.complete for sheet in sheets) else 1


def _check(item: str) -> list[Sheet]:
    """The sheets for one argument; an empty one stands for the folder at hand."""
    known, path = list(exercises()), Path(item)
    if not item or item in known:
        return check_files([item] if item else known, *_texts(_folder()))
    if path.is_dir():
        return check_files(known, *_texts(path))
    if not path.is_file():
        raise CallError(f"{item!r} is neither an exercise nor a file nor a folder")
    if path.suffix == ".ipynb":
        sheets = check_files(known, {}, path)
        there = [sheet for sheet in sheets if not sheet.message.startswith("No definition of")]
        return there or sheets
    if path.stem not in known or path.suffix != ".py":
        raise CallError(f"{path.name!r} is not named after an exercise")
    return check_files([path.stem], _texts(path.resolve().parent)[0], None)


def _folder() -> Path:
    """Where the student works: the current folder if an exercise lies there, else that of the checker."""
    names = [*(f"{name}.py" for name in exercises()), "lora_theory.ipynb"]
    here = Path.cwd()
    return here if any((here / name).is_file() for name in names) else HERE.parent


def _texts(folder: Path) -> tuple[dict[str, Path], Path | None]:
    """The files, by their names from the folder on, and the notebook."""
    names = read_submission(folder, "you", "lora_theory").files
    files = {name: folder / name for name in names if not name.startswith(KIT) and (folder / name).is_file()}
    notebooks = sorted(folder.glob("*.ipynb"))
    named = [path for path in notebooks if path.name == "lora_theory.ipynb"]
    return files, next(iter(named or notebooks), None)


if __name__ == "__main__":
    sys.exit(main())
