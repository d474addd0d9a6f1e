"""What was graded already: keys of results, and the reports of earlier runs."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import secrets
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from graders.report import ExerciseReport, Report
from graders.settings import Settings

PACKAGES = ("torch", "numpy", "hypothesis")
SOURCES = ("graders", "lora_reference", "assignments", "reference_solutions")
_ROOT = Path(__file__).resolve().parents[2]
# Neither of these can change a verdict: they only show one.
_LEAVES = ("graders/feedback/", "graders/doors/")


def versions() -> dict[str, str]:
    """Everything that is installed and can change a verdict."""
    found = {"loralab": version(), "python": platform.python_version()}
    found |= {name: _version_of(name) for name in PACKAGES}
    return found | {"platform": f"{platform.system()} {platform.machine()}"}


@functools.cache
def version() -> str:
    """The version of this grader, with a hash of its sources, so that a changed file is another version."""
    total = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((_ROOT / folder).rglob("*.py")):
            name = path.relative_to(_ROOT).as_posix()
            if not name.startswith(_LEAVES):
                total.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return f"{_version_of('loralab')}+{total.hexdigest()[:12]}"


def exercise_keys(
    digest: str, exercises: Sequence[str], settings: Settings, circumstances: Mapping[str, Any], salt: str
) -> dict[str, str]:
    """For each exercise a key that is equal only where the same verdicts must come out.

    A seed is a small secret: without the salt, which stays with the instructor, a student could find it by
    trying seeds until the key in the report comes out.
    """
    common = {
        "salt": salt,
        "submission": digest,
        "versions": versions(),
        "seed": settings.seed,
        "examples": settings.examples,
        "circumstances": dict(circumstances),
    }
    return {name: _hash({**common, "exercise": name}) for name in exercises}


def kept_results(
    old: Report | None, keys: Mapping[str, str], only: Sequence[str] | None, force: bool
) -> dict[str, ExerciseReport]:
    """The results that stay as they are: not asked for, or asked for under the same key."""
    if old is None:
        return {}
    old_keys = old.environment["keys"]

    def stays(name: str) -> bool:
        if only is not None and name not in only:
            return name in keys
        return not force and keys.get(name) == old_keys[name]

    return {exercise.id: exercise for exercise in old.exercises if stays(exercise.id)}


def read_report(path: Path, student_id: str, assignment: str) -> Report | None:
    """The report of an earlier run, or None where there is none that can be trusted to be whole."""
    try:
        report = Report.from_json(json.loads(path.read_text(encoding="utf-8")))
        ids = [exercise.id for exercise in report.exercises]
        whole = (
            (report.student_id, report.assignment) == (student_id, assignment)
            and len(set(ids)) == len(ids)
            and all(type(report.environment["keys"][name]) is str for name in ids)
            and report.to_json()["score"] <= report.max_score
            and report.status != ""
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return report if whole else None


def read_run(path: Path) -> dict[str, Any]:
    """What an earlier run left in `run.json`; empty where there is nothing to use."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def salt_of(run: Mapping[str, Any]) -> str:
    """The salt of an earlier run, or a new one."""
    salt = run.get("salt")
    return salt if isinstance(salt, str) and len(salt) == 32 else secrets.token_hex(16)


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _hash(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
