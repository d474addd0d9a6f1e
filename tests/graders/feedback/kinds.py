"""One page of every kind, for what has to hold for all of them."""

from __future__ import annotations

import functools
from typing import Any

from graders.feedback import pages
from graders.report import Report
from tests.graders.feedback import samples

RUN: dict[str, Any] = {
    "assignment": "lora_theory", "jobs": 2, "wall_seconds": 12.5,
    "students": [
        *({"student_id": f"s{i:02}", "how": "graded", "wall_seconds": 10.0 + i % 3, "judge_memory_mb": 200.0} for i in range(20)),
        {"student_id": "ada", "how": "graded", "wall_seconds": 99.5, "judge_memory_mb": 200.0},
        {"student_id": "W" * 200, "how": "kept"},
        {"student_id": samples.HOSTILE[0], "how": "failed", "failure": samples.HOSTILE[1], "details": samples.HOSTILE[6]},
    ],
}  # fmt: skip


def class_pages(reports: list[Report]) -> dict[str, str]:
    """The pages of a class in which two pairs are nearly identical, and the grader broke on one submission."""
    files = dict(pages.class_files(reports, failed={samples.HOSTILE[1]: samples.HOSTILE[0]}, similar=samples.similar(reports)))  # fmt: skip
    return {name: text for name, text in files.items() if name.endswith(".html")}


@functools.cache
def usual_pages() -> dict[str, str]:
    """What students and instructors see every day."""
    classes = {
        f"{size} {name}": page
        for size in (15, 300)
        for name, page in class_pages(samples.class_of(size)).items()
    }
    return {
        "perfect": pages.student_page(samples.perfect()),
        "three": pages.student_page(samples.three_failures()),
        "statuses": pages.student_page(samples.all_statuses()[0]),
        "person": pages.student_page(samples.needs_person()),
        "run": pages.run_page(RUN),
        **classes,
    }


@functools.cache
def hostile_pages() -> dict[str, str]:
    """Pages of hostile submissions, for a student and for their instructor."""
    students = {f"hostile {i}": pages.student_page(samples.hostile(t)) for i, t in enumerate(samples.HOSTILE)}
    course = class_pages([samples.hostile(text, text) for text in samples.HOSTILE])
    return students | {f"hostile {name}": page for name, page in course.items()}


def show(page: Any, text: str) -> None:
    """Load a page anew: a document that is only written over would keep the policy of the one before."""
    page.goto("about:blank")
    page.set_content(text)
