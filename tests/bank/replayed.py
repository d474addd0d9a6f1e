"""The replays of all failed properties, on one seed: each must show the failure, and none beside the solution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.bank.running import Task
from tests.graders.grading import EXERCISES


def replayings(bank: Sequence[Entry]) -> Iterator[Task]:
    """The wrong submissions."""
    return ((entry, 1, "replay") for entry in bank if entry.kind == "wrong")


def report(bank: Sequence[Entry], ledger: Ledger) -> tuple[str, int]:
    """How many scripts there are by exercise, and those that do not show what they must."""
    lines = ["## Replays", "", "| exercise | scripts | not as they must be |", "|---|---|---|"]
    told: list[str] = []
    for exercise in EXERCISES:
        scripts, before = 0, len(told)
        for entry, seed, what in replayings([entry for entry in bank if entry.exercise == exercise]):
            result = ledger.results.get(key_of(entry, seed, what), {"replays": {}})
            if "crash" in result:
                told.append(f"- the grader was at fault: {entry.id} {result['crash'][-300:]}")
                continue
            scripts += len(result["replays"])
            told += [f"- {entry.id} {name}: {wrong}" for name, wrong in result["replays"].items() if wrong]
        if scripts or len(told) > before:
            lines.append(f"| {exercise} | {scripts} | {len(told) - before} |")
    return "\n".join([*lines, "", *told]) + "\n", len(told)
