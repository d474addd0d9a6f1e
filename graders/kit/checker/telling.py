"""What came of the exercises, as text. Knows no torch."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .sheets import Failing, Sheet

WIDTH = 100
HONEST = "These cases are not the graded ones: grading draws others, and more of them. Passing here is a good sign, no promise."


def text_of(sheets: Sequence[Sheet], notes: Sequence[str] = ()) -> str:
    """What is to be said of the folder, a part for each exercise, and what this is worth."""
    lines: list[str] = [line for note in notes for line in _wrapped(note, "note: ")]
    for sheet in sheets:
        lines += [*_sheet(sheet), ""]
    return "\n".join([*lines, *_wrapped(HONEST, "")]) + "\n"


def _sheet(sheet: Sheet) -> Iterator[str]:
    sign = "✓" if sheet.complete else "·"
    state = f"{sheet.holding} of {sheet.claims} claims hold" if sheet.claims else "nothing to check yet"
    yield f"{sign} {sheet.exercise}   {state}"
    yield from _wrapped(sheet.message, "    ")
    for failing in sheet.failing:
        yield ""
        yield from _failing(failing)
    groups: dict[tuple[str, ...], list[str]] = {}
    for title, others in sheet.waiting:
        groups.setdefault(others, []).append(title)
    for others, titles in groups.items():
        yield ""
        why = f"not looked at yet, since it waits on: {'; '.join(others)}" if others else "not reached"
        yield from _wrapped(why, "  – ")
        for title in titles:
            yield from _wrapped(title, "      ")
    if sheet.unwritten and not sheet.message:
        yield ""
        for name in sheet.unwritten:
            yield from _wrapped(f"`{name}` is not written yet. Come back when it is.", "  – ")
    for note in sheet.notes:
        yield from _wrapped(note, "  note: ")


def _failing(failing: Failing) -> Iterator[str]:
    heading, _, rest = failing.message.partition("\n")
    yield from _wrapped(heading.removesuffix("."), "  ✗ ")
    yield from _wrapped(rest, "    ")
    yield from _wrapped(failing.claim["title"], "    claim: ")
    yield from _wrapped(failing.claim["sentence"], "    the exercise says: ")
    if failing.case:
        case = ", ".join(f"{name} = {value}" for name, value in failing.case.items())
        yield from _wrapped(case, "    smallest case: ")
    yield from _wrapped(failing.yours, "    yours:    ")
    yield from _wrapped(failing.expected, "    expected: ")


def _wrapped(text: str, start: str) -> list[str]:
    """Lines of `text` after `start`, indented below it; nothing for no text."""
    lines: list[str] = []
    below = " " * len(start)
    for line in text.split("\n") if text else ():
        for part in textwrap.wrap(line, WIDTH - len(start), break_on_hyphens=False) or [""]:
            lines.append(f"{below if lines else start}{part}".rstrip())
    return lines
