"""What the bank shows: who was not graded as they must be, which property kills what, which survive."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.bank.running import effort_of
from tests.graders.grading import EXERCISES

EQUIVALENT = Path(__file__).parent / "equivalent.toml"


@dataclass
class Row:
    """One entry over all seeds that were graded."""

    entry: Entry
    seeds: int = 0
    killed: int = 0  # seeds under which it lost points
    errors: int = 0  # seeds under which the grader was at fault
    by: Counter[str] = field(default_factory=Counter)  # property -> seeds under which it failed
    said: str = ""
    crash: str = ""


def rows(entries: Sequence[Entry], ledger: Ledger, seeds: int) -> list[Row]:
    """The ledger's results of these entries, under these seeds."""
    found = []
    for entry in entries:
        row = Row(entry)
        for seed in range(1, seeds + 1):
            result = ledger.results.get(key_of(entry, seed, effort_of(entry, seed)))
            if result is not None:
                add(row, result)
        found.append(row)
    return found


def add(row: Row, result: dict[str, Any]) -> None:
    row.seeds += 1
    row.killed += not result["full"]
    row.errors += bool(result.get("error")) or "crash" in result
    row.by.update(result["failed"])
    row.said = row.said or result.get("said", "")
    row.crash = row.crash or result.get("crash", "")


def argued() -> list[dict[str, str]]:
    """Mutants that are argued to be right: {"exercise": id, "line": the changed line, "why": sentence}."""
    return list(tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", []))


def report(found: Sequence[Row]) -> tuple[str, int]:
    """The tables as Markdown, and how many entries are not as they must be."""
    parts, bad = [], 0
    for exercise in EXERCISES:
        mine = [row for row in found if row.entry.exercise == exercise and row.seeds]
        if mine:
            text, wrong = exercise_report(exercise, mine)
            parts.append(text)
            bad += wrong
    stale = stale_arguments(found)
    parts += [f"- argued as equivalent, but killed or gone: `{pattern}`" for pattern in stale]
    return "\n".join([*totals(found), "", *parts]) + "\n", bad + len(stale)


def totals(found: Sequence[Row]) -> Iterator[str]:
    """How much was graded of each kind."""
    yield "| | entries | gradings | not as they must be |"
    yield "|---|---|---|---|"
    for kind in ("correct", "wrong", "mutant"):
        mine = [row for row in found if row.entry.kind == kind and row.seeds]
        bad = sum(
            row.killed if kind == "correct" else row.seeds - row.killed for row in mine if not is_argued(row)
        )
        yield f"| {kind} | {len(mine)} | {sum(row.seeds for row in mine)} | {bad} |"


def exercise_report(exercise: str, mine: Sequence[Row]) -> tuple[str, int]:
    """One exercise: what went wrong, then the kill matrix, property by property."""
    unfair = [row for row in mine if row.entry.kind == "correct" and row.killed]
    survivors = [
        row for row in mine if row.entry.kind != "correct" and row.killed < row.seeds and not is_argued(row)
    ]
    faults = [row for row in mine if row.errors]
    lines = [f"## {exercise}", ""]
    lines += [f"- unfair: {row.entry.name}, {row.killed} of {row.seeds} seeds: {row.said}" for row in unfair]
    lines += [
        f"- survives: {row.entry.kind} {row.entry.name}, {row.seeds - row.killed} of {row.seeds} seeds: `{row.entry.label}`"
        for row in survivors
    ]
    lines += [f"- the grader was at fault: {row.entry.name} {row.crash[-300:]}" for row in faults]
    lines += [
        f"- argued as equivalent: {row.entry.name}: `{row.entry.label}`"
        for row in mine
        if is_argued(row) and row.killed < row.seeds
    ]
    lines += [
        "",
        "| property | kills wrong | kills mutants | kills alone | under all its seeds |",
        "|---|---|---|---|---|",
    ]
    lines += [matrix_line(claim.id, mine) for claim in EXERCISES[exercise].properties]
    return "\n".join([*lines, ""]), len(unfair) + len(survivors) + len(faults)


def matrix_line(claim: str, mine: Sequence[Row]) -> str:
    """What one property kills: wrong ones, mutants, those that no other property kills, and how surely."""
    killed = [row for row in mine if row.entry.kind != "correct" and row.by[claim]]
    wrong = sum(row.entry.kind == "wrong" for row in killed)
    alone = sum(set(row.by) == {claim} for row in killed)
    sure = sum(row.by[claim] >= max(row.by.values()) for row in killed)
    needed = "" if killed else " (nobody needs it)"
    return f"| {claim}{needed} | {wrong} | {len(killed) - wrong} | {alone} | {sure} |"


def is_argued(row: Row) -> bool:
    """Whether a mutant stands in `equivalent.toml`."""
    return any(matches(row, item) for item in argued())


def matches(row: Row, item: dict[str, str]) -> bool:
    """Whether an argument is about this entry."""
    place = (row.entry.kind, row.entry.exercise, row.entry.label)
    return place == ("mutant", item["exercise"], item["line"])


def stale_arguments(found: Sequence[Row]) -> list[str]:
    """Arguments that no surviving mutant needs, where the mutants of their exercise were graded."""
    graded = [row for row in found if row.entry.kind == "mutant" and row.seeds]
    there = {row.entry.exercise for row in graded}
    return [
        item["line"]
        for item in argued()
        if item["exercise"] in there
        and not any(matches(row, item) and row.killed < row.seeds for row in graded)
    ]
