"""Reads what a student handed in, as bytes. Nothing here parses, imports or runs any of it.

Links are not followed and nothing can block: a link, a pipe or a huge file costs only itself, and
what was not read is said in one kind sentence.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE_LIMIT = 1 << 20  # bytes of one .py file
NOTEBOOK_LIMIT = 16 << 20  # bytes of one notebook: figures are stored in it
FOLDER_LIMIT = 8 << 20  # bytes of all .py files together
FILES_LIMIT = 200  # .py files of one submission
DEPTH_LIMIT = 4  # folders in folders
PROBLEMS_LIMIT = 50  # names that are listed; more are only counted
# As browsers, file managers and learning platforms name one.
COPY = re.compile(
    r"([^\W\d]\w*)(?: ?\(\d+\)|[- ]\d+| - Copy(?: \(\d+\))?| copy(?: \d+)?| \((?:another )?copy(?: \d+)?\))\.py"
)
GIVEN = "lab.py"  # handed out, so never read back
KIT = ("check.py", "loralab_check/")  # how names begin of what the kit holds besides: nobody's work
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
    files: Mapping[str, bytes] = field(default_factory=dict)  # .py files but `lab.py`: `a.py`, `folder/b.py`
    notebook: bytes | None = None
    notebook_name: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)  # file name -> why it was not read
    notes: tuple[str, ...] = ()  # what else the student should know
    others: tuple[str, ...] = ()  # what lies in the folder and is not read

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
        parts += [name.encode("utf-8", "surrogatepass") for name in self.others]
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
    found = _Files(folder)
    for name in names:
        found.take(name)
    notebook, notebook_name = _notebook(folder, names, f"{assignment}.ipynb", found.problems, found.remarks)
    if notebook is None:  # else it may be the notebook that counts, and the copy an old one
        found.take_copies()
    rest = names
    while spoken_of := [name for name in rest if found.mention(name, notebook)]:
        rest = [name for name in rest if name not in spoken_of]
        for name in spoken_of:
            found.take_folder(name)
    notes = found.notes()
    if problem:
        found.problems[assignment] = problem
        notes.append(problem)
    read = {path.partition("/")[0] for path in found.files}
    others = tuple(shown(name) for name in names if name not in read and not name.endswith((".py", ".ipynb")))
    return Submission(
        student_id, assignment, found.files, notebook, notebook_name, found.problems, tuple(notes), others
    )


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
        found = read_regular(str(real), NOTEBOOK_LIMIT, shown(path.name), problems)
        return Submission(path.stem, assignment, {}, found, shown(path.name), problems)
    name = f"{exercise or path.stem}.py"
    beside = read_submission(real.parent, path.stem, assignment)
    itself = {name, path.name}
    if (copy := COPY.fullmatch(path.name)) and not (real.parent / f"{copy[1]}.py").exists():
        itself.add(f"{copy[1]}.py")
    files = {other: text for other, text in beside.files.items() if other not in itself}
    found = read_regular(str(real), FILE_LIMIT, name, problems)
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


class _Files:
    """The `.py` files of an open folder and of those of its folders that they speak of, and what could not be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self.problems: dict[str, str] = {}
        self.remarks: list[str] = []
        self.odd: list[str] = []
        self.total = self.left_out = 0

    def take(self, path: str) -> None:
        """Read a file if it is Python; `path` is from the folder on, with slashes."""
        parent, _, name = path.rpartition("/")
        if not name.endswith(".py") or path == GIVEN:
            return
        module = unicodedata.normalize("NFKC", name[:-3])  # as Python reads the name in an import
        if not module.isidentifier():
            self.odd.append(shown(path))
            return
        if self.full:
            self.left_out += 1
        else:
            self.read_as(f"{parent}/{module}.py" if parent else f"{module}.py", path)

    def read_as(self, name: str, path: str) -> bool:
        """Read a file, which counts under `name`; whether it could be read."""
        text = read_regular(os.path.join(self.folder, path), FILE_LIMIT, path, self.problems)
        if text is not None:
            self.files[name] = text
            self.total += len(text)
        return text is not None

    def take_copies(self) -> None:
        """Read a file that is named as the copy of one that is not there, where it is the only such copy."""
        copies = {name: f"{match[1]}.py" for name in self.odd if (match := COPY.fullmatch(name))}
        for name, wanted in copies.items():
            there = wanted in self.files or wanted in self.problems or wanted == GIVEN
            sure = not there and list(copies.values()).count(wanted) == 1
            if sure and not self.full and self.read_as(wanted, name):
                self.odd.remove(name)
                self.remarks.append(f"{name} was read as {wanted}, which is not there.")

    def take_folder(self, path: str, depth: int = 1) -> None:
        """Read the Python files of a folder in the folder, and of its own folders."""
        try:
            kind = os.lstat(os.path.join(self.folder, path)).st_mode
            if stat.S_ISLNK(kind):
                self.problems[path] = f"{shown(path)} is a link, and links are not followed."
            if not stat.S_ISDIR(kind) or depth > DEPTH_LIMIT or self.full:
                return
            names = sorted(os.listdir(os.path.join(self.folder, path)))
        except OSError:
            return
        for name in names:
            if name.endswith(".py"):
                self.take(f"{path}/{name}")
        for name in names:
            if not name.endswith(".py") and not name.startswith((".", "__")):
                self.take_folder(f"{path}/{name}", depth + 1)

    def mention(self, name: str, notebook: bytes | None) -> bool:
        """Whether a text speaks of a folder, by an import or otherwise: others may hold anything."""
        if name.endswith((".py", ".ipynb")) or name.startswith("__") or name != shown(name):
            return False
        word = re.compile(rb"(?<!\w)" + re.escape(name.encode()) + rb"(?!\w)")
        return any(word.search(text) for text in (*self.files.values(), notebook or b""))

    @property
    def full(self) -> bool:
        """Whether nothing more is read."""
        many = len(self.files) >= FILES_LIMIT or len(self.problems) >= PROBLEMS_LIMIT
        return many or self.total >= FOLDER_LIMIT

    def notes(self) -> list[str]:
        """What the student should know."""
        notes = []
        if self.odd:
            listed = ", ".join(self.odd[:5]) + (f" and {len(self.odd) - 5} more" if len(self.odd) > 5 else "")
            notes.append(f"Not read, because a module cannot have such a name: {listed}.")
        if self.left_out:
            notes.append(f"There are too many or too large .py files: {self.left_out} of them were not read.")
        return notes + self.remarks


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
    text = read_regular(os.path.join(folder, name), NOTEBOOK_LIMIT, shown(name), problems)
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


def read_regular(path: str, limit: int, called: str, problems: dict[str, str]) -> bytes | None:
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
