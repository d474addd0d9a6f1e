"""Reads what a student handed in, as bytes. Nothing here parses, imports or runs any of it.

Links are not followed and nothing can block: a link, a pipe or a huge file costs only itself, and
what was not read is said in one kind sentence.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE_LIMIT = 1 << 20  # bytes of one .py file
NOTEBOOK_LIMIT = 16 << 20  # bytes of one notebook: figures are stored in it
FOLDER_LIMIT = 8 << 20  # bytes of all .py files together
FILES_LIMIT = 200  # .py files of one folder
PROBLEMS_LIMIT = 50  # names that are listed; more are only counted
GIVEN = "lab.py"  # handed out, so never read back
DEFAULT_ASSIGNMENT = "lora_theory"

# Windows has neither links to fear nor pipes among files, and not these names.
_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)
_KINDS = (
    (stat.S_ISLNK, "is a link, and links are not followed: please hand in the file itself"),
    (stat.S_ISDIR, "is a folder, not a file"),
    (stat.S_ISFIFO, "is a pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment."""

    student_id: str
    assignment: str
    files: Mapping[str, bytes] = field(default_factory=dict)  # .py files directly in the folder, but `lab.py`
    notebook: bytes | None = None
    notebook_name: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)  # file name -> why it was not read
    notes: tuple[str, ...] = ()  # what else the student should know

    @property
    def digest(self) -> str:
        """A hash of everything that can change a verdict, and of nothing else."""
        parts = [self.assignment.encode(), self.notebook_name.encode("utf-8", "surrogatepass")]
        parts.append(b"none" if self.notebook is None else b"some" + self.notebook)
        parts.append(f"{len(self.files)} {len(self.problems)}".encode())
        for name, text in sorted(self.files.items()):
            parts += [name.encode("utf-8", "surrogatepass"), text]
        for line in [*(part for item in sorted(self.problems.items()) for part in item), *self.notes]:
            parts.append(line.encode("utf-8", "surrogatepass"))
        total = hashlib.sha256()
        for part in parts:
            total.update(len(part).to_bytes(8, "big") + part)
        return total.hexdigest()


def read_submission(folder: Path, student_id: str, assignment: str) -> Submission:
    """Read the folder that a student handed in. What is wrong with it is told, never raised."""
    problem = _why_not_opened(folder)
    names: list[str] = []
    if not problem:
        try:
            names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except FileNotFoundError:
            pass
        except OSError as error:
            problem = f"{shown(folder.name)} could not be listed ({error.strerror})."
    files, problems, notes = _python_files(folder, names)
    notebook, notebook_name = _notebook(folder, names, f"{assignment}.ipynb", problems, notes)
    if problem:
        problems[assignment] = problem
        notes.append(problem)
    return Submission(student_id, assignment, files, notebook, notebook_name, problems, tuple(notes))


def read_file(path: Path, exercise: str | None = None, assignment: str = DEFAULT_ASSIGNMENT) -> Submission:
    """Read one's own exercise file, notebook or folder, for `loralab check`.

    A `.py` file counts as `exercise` (by default the exercise that it is named after), and the `.py` files
    beside it can be imported; a notebook counts alone.
    """
    real = path.resolve()
    if real.is_dir():
        owner = real.parent.name if real.name == assignment else real.name
        return read_submission(real, owner or "you", assignment)
    problems: dict[str, str] = {}
    if path.suffix == ".ipynb":
        found = _read(str(real), NOTEBOOK_LIMIT, shown(path.name), problems)
        return Submission(path.stem, assignment, {}, found, shown(path.name), problems)
    name = f"{exercise or path.stem}.py"
    beside = read_submission(real.parent, path.stem, assignment)
    files = {other: text for other, text in beside.files.items() if other not in (name, path.name)}
    found = _read(str(real), FILE_LIMIT, name, problems)
    if found is not None:
        files[name] = found
    return Submission(path.stem, assignment, files, None, "", problems)


def shown(name: str) -> str:
    """A file name as it can stand in a sentence: one short line without control or unpaired characters."""
    visible = "".join(
        "?" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else character
        for character in name
    )
    return visible if len(visible) <= 80 else f"{visible[:77]}..."


def _python_files(folder: Path, names: list[str]) -> tuple[dict[str, bytes], dict[str, str], list[str]]:
    """The `.py` files of an open folder, what could not be read, and notes."""
    files: dict[str, bytes] = {}
    problems: dict[str, str] = {}
    notes: list[str] = []
    odd: list[str] = []
    total = left_out = 0
    for name in names:
        if not name.endswith(".py") or name == GIVEN:
            continue
        module = unicodedata.normalize("NFKC", name[:-3])  # as Python reads the name in an import
        if not module.isidentifier():
            odd.append(shown(name))
            continue
        if len(files) >= FILES_LIMIT or total >= FOLDER_LIMIT or len(problems) >= PROBLEMS_LIMIT:
            left_out += 1
            continue
        text = _read(os.path.join(folder, name), FILE_LIMIT, name, problems)
        if text is not None:
            files[f"{module}.py"] = text
            total += len(text)
    if odd:
        listed = ", ".join(odd[:5]) + (f" and {len(odd) - 5} more" if len(odd) > 5 else "")
        notes.append(f"Not read, because a module cannot have such a name: {listed}.")
    if left_out:
        notes.append(f"There are too many or too large .py files: {left_out} of them were not read.")
    return files, problems, notes


def _notebook(
    folder: Path, names: list[str], wanted: str, problems: dict[str, str], notes: list[str]
) -> tuple[bytes | None, str]:
    """The notebook that counts: the one with the assignment's name, or the only one there is."""
    notebooks = [name for name in names if name.endswith(".ipynb")]
    if not notebooks:
        return None, ""
    name = wanted if wanted in notebooks else notebooks[0]
    if len(notebooks) > 1 and name != wanted:
        problems[wanted] = f"None of the {len(notebooks)} notebooks is called {wanted}, so none was read."
        return None, ""
    if name != wanted:
        notes.append(f"The notebook {shown(name)} was taken, as it is the only one (expected: {wanted}).")
    elif len(notebooks) > 1:
        notes.append(f"Of {len(notebooks)} notebooks only {wanted} was taken.")
    text = _read(os.path.join(folder, name), NOTEBOOK_LIMIT, shown(name), problems)
    return text, shown(name) if text is not None else ""


def _why_not_opened(folder: Path) -> str:
    """Why a folder cannot be listed; empty where there simply is none."""
    called = shown(folder.name)
    try:
        kind = os.lstat(folder).st_mode
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        return f"{called} could not be opened."
    if stat.S_ISLNK(kind):
        return f"{called} is a link, and links are not followed: please hand in the folder itself."
    return "" if stat.S_ISDIR(kind) else f"{called} should be a folder."


def _read(path: str, limit: int, called: str, problems: dict[str, str]) -> bytes | None:
    """A regular file of at most `limit` bytes; otherwise None, and the reason in `problems[called]`."""
    try:
        kind = os.lstat(path).st_mode
        for is_kind, sentence in _KINDS:
            if is_kind(kind):
                problems[called] = f"{shown(called)} {sentence}."
                return None
        # Since that look the file may have become anything: these flags neither follow nor block.
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                problems[called] = f"{shown(called)} is not a regular file."
                return None
            text = file.read(limit + 1)
    except OSError as error:
        problems[called] = f"{shown(called)} could not be read ({error.strerror})."
        return None
    if len(text) > limit:
        problems[called] = f"{shown(called)} is larger than {limit >> 20} MB, and so it was not read."
        return None
    return text
