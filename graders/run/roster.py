"""Who handed in, and what their folders are called among the reports."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.run.errors import CallError

CLASS_FILES = (  # a student of that name gets another folder
    "index.html", "claims.html", "mistakes.html", "submissions.html", "class.json",
    "grades.csv", "claims.csv", "pairs.csv", "mistakes.csv", "clusters.csv", "submissions.csv",
    "run.json", "run.csv", "run.html",
)  # fmt: skip
LONGEST = 150  # of 255 bytes that file systems allow

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@")
_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@dataclass(frozen=True)
class Student:
    """One folder of SUBMITTED."""

    student_id: str  # the folder's name as it is
    folder: Path  # where the assignment's files should be
    name: str  # the id as it stands in output paths


@dataclass(frozen=True)
class Roster:
    """The students of SUBMITTED, by id, and what was passed over."""

    students: tuple[Student, ...]
    skipped: tuple[str, ...]  # one short phrase each


def list_students(submitted: Path, assignment: str) -> Roster:
    """The students under SUBMITTED. Raises CallError where that is not such a folder."""
    layout = f"the folder that holds <student>/{assignment}/"
    if not submitted.is_dir():
        raise CallError(f"SUBMITTED {str(submitted)!r} is not a folder; give {layout}")
    ids: list[str] = []
    skipped: list[str] = []
    try:
        entries = sorted(os.scandir(submitted), key=lambda entry: entry.name)
    except OSError as error:
        raise CallError(f"SUBMITTED {str(submitted)!r} could not be listed ({error.strerror})") from None
    for entry in entries:
        reason = _why_skipped(entry)
        if reason:
            skipped.append(f"{ascii(entry.name)[1:-1]} ({reason})")
        else:
            ids.append(entry.name)
    if not ids:
        raise CallError(f"SUBMITTED {str(submitted)!r} holds no student's folder; give {layout}")
    folders = {student_id: submitted / student_id / assignment for student_id in ids}
    if assignment in ids and not any(os.path.lexists(folder) for folder in folders.values()):
        raise CallError(f"SUBMITTED {str(submitted)!r} is one student's folder; give {layout}")
    if not any(os.path.lexists(folder) for folder in folders.values()):
        below = [name for name in ids if _holds_students(submitted / name, assignment)]
        if below:
            better = str(submitted / below[0])
            raise CallError(f"SUBMITTED {str(submitted)!r} is one level too high: give {better!r}")
    names = output_names(ids)
    students = tuple(Student(student_id, folders[student_id], names[student_id]) for student_id in ids)
    return Roster(students, tuple(skipped))


def _holds_students(folder: Path, assignment: str) -> bool:
    """Whether this is the folder that should have been given."""
    try:
        return any((below / assignment).is_dir() for below in folder.iterdir())
    except OSError:
        return False


def choose(students: Sequence[Student], ids: Iterable[str]) -> tuple[Student, ...]:
    """The students with these ids. Raises CallError for an id that nobody has."""
    known = {student.student_id for student in students}
    for student_id in ids:
        if student_id not in known:
            raise CallError(f"--student {student_id!r} has no folder under SUBMITTED; check the spelling")
    wanted = set(ids)
    return tuple(student for student in students if student.student_id in wanted)


def safe_name(student_id: str, *, encode_capitals: bool = False) -> str:
    """The id as one part of a path on any system; different ids give different names.

    ASCII letters, digits and `._-@` stay, other bytes (UTF-8) are percent-encoded, and so is the first or
    last character of a name that would be hidden, reserved or one of the class's own files.
    """
    parts = []
    for byte in student_id.encode("utf-8", "surrogateescape"):
        keep = byte in _SAFE and not (encode_capitals and chr(byte).isupper())
        parts.append(chr(byte) if keep else f"%{byte:02X}")
    folded = "".join(parts).lower()
    if folded.startswith(".") or folded.split(".")[0] in _WINDOWS or folded in CLASS_FILES:
        parts[0] = f"%{student_id.encode('utf-8', 'surrogateescape')[0]:02X}"
    if parts and parts[-1] == ".":
        parts[-1] = "%2E"
    name = "".join(parts) or "%"
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"  # `~` stands in no other name


def output_names(ids: Sequence[str]) -> dict[str, str]:
    """A name for each id; ids that differ only in case get names that differ in more than that."""
    same: dict[str, list[str]] = {}
    for student_id in ids:
        same.setdefault(safe_name(student_id).lower(), []).append(student_id)
    return {
        student_id: safe_name(student_id, encode_capitals=len(group) > 1)
        for group in same.values()
        for student_id in group
    }


def _why_skipped(entry: os.DirEntry[str]) -> str:
    if entry.name.startswith("."):
        return "hidden"
    if entry.is_symlink():
        return "a link"
    return "" if entry.is_dir(follow_symlinks=False) else "not a folder"
