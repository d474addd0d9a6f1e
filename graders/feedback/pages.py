"""Reports as pages: each one self-contained HTML file that needs no script and fetches nothing."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from graders.feedback import figures, student, words
from graders.feedback.course import Similar, course
from graders.feedback.overview import overview
from graders.feedback.running import running
from graders.feedback.tables import run_csv
from graders.feedback.untrusted import visible
from graders.report import Report

__all__ = ["Similar", "class_files", "run_csv", "run_page", "student_page"]

_TEMPLATES = Path(__file__).parent / "templates"
_CLASS_WORDS = {
    "statuses": words.EXERCISE,
    "flags": words.FLAG,
    "fault": words.PROPERTY["error"],
    "not_graded": words.NOT_GRADED,
    "worthy": words.WORTH_A_NAME,
}
_CODE = re.compile(r"`([^`\n]{1,200})`")


def student_page(report: Report) -> str:
    """`report.html`: what holds, what does not, and the smallest case that shows it."""
    return _render("student.html", page=student.page(report))


def class_files(
    reports: Iterable[Report],
    links: Mapping[str, str] | None = None,
    failed: Mapping[str, str] | None = None,
    similar: Sequence[Similar] | None = None,
    waiting: int = 0,
) -> Iterator[tuple[str, str]]:
    """The class for its instructor, name and text of each file: CSV and JSON, then four pages, the last `index.html`.

    `links` gives for a student id the path of its `report.html` from here, where that is not the id itself,
    percent-encoded; `failed` says for an id why the grader could not grade it; `similar` are the pairs of
    submissions that are nearly the same, None where nobody looked; `waiting` counts those that are not graded yet.
    """
    its = course(reports, links or {}, failed or {}, similar)
    values = {
        "course": its,
        "assignment": ", ".join(sorted({report.assignment for report in its.reports})),
        "measured": its.size != "small",
        **_CLASS_WORDS,
    }
    yield from figures.files(its).items()
    for name in ("claims.html", "mistakes.html", "submissions.html"):
        yield name, _render(name, here=name, **values)
    yield "index.html", _render("index.html", here="index.html", page=overview(its, waiting), **values)


def run_page(run: Mapping[str, Any]) -> str:
    """`run.html`: what grading cost; unlike the other pages it differs from run to run."""
    return _render("run.html", here="run.html", **running(run))


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> jinja2.Environment:
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "tables.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(spans=spans, shown=visible, signed=_signed, percent=_percent)
    environment.globals.update(
        style=style, style_hash=_hash(style), script=script, script_hash=_hash(script), plural=words.plural
    )
    return environment


def _hash(text: str) -> str:
    """As a content security policy names an element's text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _signed(value: float | None) -> str:
    """A correlation: two decimals, with a minus sign that is one."""
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _percent(share: float) -> str:
    """A share: whole percents, but for small ones."""
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"


def spans(text: str) -> list[tuple[bool, str]]:
    """`text` in parts, each with whether it stood between backticks and is to look like code."""
    parts = _CODE.split(text)  # text, code, text, code, ..., text
    return [(i % 2 == 1, part) for i, part in enumerate(parts) if part]
