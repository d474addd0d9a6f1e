"""`loralab course`: what nbgrader needs for a course with our assignments."""

from __future__ import annotations

import argparse
import importlib.util
import re
from pathlib import Path

from graders.run import CallError


def course(options: argparse.Namespace) -> int:
    """Make a course's folder, or complete one. Exit status 0."""
    if re.fullmatch(r"[A-Za-z0-9_.-]+", options.course) is None:
        raise CallError(f"--course {options.course!r} should be of letters, digits and ._- only")
    needs_nbgrader()
    from graders.doors.nbgrader.course import make_course

    folder: Path = options.folder
    written = make_course(folder, options.course, options.exchange)
    for path in written:
        print(f"wrote {path}")
    if not written:
        print(f"{folder} has all that is needed; nothing was changed")
    print(f"next: cd {folder} && nbgrader generate_assignment {options.assignment}")
    return 0


def needs_nbgrader() -> None:
    """Raises CallError where nbgrader is not installed."""
    if importlib.util.find_spec("nbgrader") is None:
        raise CallError("nbgrader is not installed: pip install 'loralab[nbgrader]'")
