"""Messages: each is a heading in a student's report."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import graders
from graders.exercise import Failure

FILES = [
    Path(graders.__file__).parent / "claims.py",
    *(Path(graders.__file__).parent / "exercises").rglob("*.py"),
]
LONGEST = 150  # characters, each value counted as five


def messages(text: str) -> Iterator[str]:
    """The message of every violation, with `…` for what is filled in."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Violation" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)
            elif isinstance(first, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "…" for part in first.values
                )


def reads_as_heading(message: str) -> bool:
    """A short sentence that begins like one; what else there is stands in lines below."""
    heading = message.split("\n")[0]
    begins = (
        heading[:1].isupper() or heading[:1] in "`…" or heading.split("(")[0].split(" ")[0].isidentifier()
    )
    return begins and heading.endswith((".", "…")) and len(heading.replace("…", "12345")) <= LONGEST


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_messages_read_as_headings(path: Path) -> None:
    """Every message is a short sentence, with what is known besides in lines below it."""
    assert [
        message for message in messages(path.read_text(encoding="utf-8")) if not reads_as_heading(message)
    ] == []


def test_the_messages_are_found_and_others_refused() -> None:
    """The check can fail: there are messages to look at, and one that is no sentence is refused."""
    found = [message for path in FILES for message in messages(path.read_text(encoding="utf-8"))]
    assert len(found) > 60
    assert not reads_as_heading("losses differ")
    assert not reads_as_heading(f"The loss {'very ' * 40}differs.")


def test_a_crash_is_told_in_lines() -> None:
    """An exception's own text, however long, and the line of code stand below the heading."""
    failure = Failure("raised", "forward", "RuntimeError", "mat1 and mat2 " * 50, ((21, "  return x @ A\n"),))
    heading, text, line = failure.sentence.split("\n")
    assert heading == "Your code raised RuntimeError during forward, in line 21."
    assert text == failure.message
    assert line == "Line 21: `return x @ A`"
