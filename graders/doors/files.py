"""The files of a run: written whole or not at all, and only where something changed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graders.report import Report


def report_path(output: Path, name: str, assignment: str) -> Path:
    """Where a student's report stands; `name` is the id as it can stand in a path."""
    return output / name / assignment / "report.json"


def write_text(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it. Raises OSError where it cannot be written."""
    data = text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's own spelling of it
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """The same, as JSON that a person can read."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def remove_report(path: Path) -> None:
    """Take away a student's two files, if they are there."""
    for item in (path, path.with_suffix(".html")):
        item.unlink(missing_ok=True)


def write_report(path: Path, report: Report, page: str) -> None:
    """A student's two files. The page comes first: a report that is there is complete."""
    write_text(path.with_suffix(".html"), page)
    write_json(path, report.to_json())
