"""Reports as pages: each one self-contained HTML file that needs no script and fetches nothing."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from graders.feedback import student, words
from graders.feedback.overview import overview
from graders.feedback.running import running
from graders.feedback.tables import grades_csv, run_csv
from graders.report import Report

__all__ = ["class_page", "grades_csv", "run_csv", "run_page", "student_page"]

_TEMPLATES = Path(__file__).parent / "templates"
_CODE = re.compile(r"`([^`\n]{1,200})`")


def student_page(report: Report) -> str:
    """`report.html`: what holds, what does not, and the smallest case that shows it."""
    return _render("student.html", page=student.page(report))


def class_page(
    reports: Iterable[Report],
    links: Mapping[str, str] | None = None,
    failed: Mapping[str, str] | None = None,
) -> str:
    """`index.html`: the class at a glance, for its instructor.

    `links` gives for a student id the path of its `report.html` from here, where that is not the id itself,
    percent-encoded; `failed` says for an id why the grader could not grade it.
    """
    return _render("class.html", page=overview(reports, links or {}, failed or {}))


def run_page(run: Mapping[str, Any]) -> str:
    """`run.html`: what grading cost; unlike the other pages it differs from run to run."""
    return _render("run.html", **running(run))


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> jinja2.Environment:
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["spans"] = spans
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(style=style, style_hash=f"sha256-{digest}", plural=words.plural)
    return environment


def spans(text: str) -> list[tuple[bool, str]]:
    """`text` in parts, each with whether it stood between backticks and is to look like code."""
    parts = _CODE.split(text)  # text, code, text, code, ..., text
    return [(i % 2 == 1, part) for i, part in enumerate(parts) if part]
