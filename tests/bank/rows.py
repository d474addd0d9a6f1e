"""What the ledger knows of each entry, over all seeds, and which mutants are argued to be right."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bank.credit import credit
from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.bank.running import effort_of

EQUIVALENT = Path(__file__).parent / "equivalent.toml"


@dataclass
class Row:
    """One entry over all seeds that were graded."""

    entry: Entry
    seeds: int = 0
    killed: int = 0  # seeds under which it lost points
    whole: int = 0  # seeds under which every property was looked at
    errors: int = 0  # seeds under which the grader was at fault
    by: Counter[str] = field(
        default_factory=Counter
    )  # property -> those of the `whole` under which it failed
    lost: list[tuple[int, str]] = field(
        default_factory=list
    )  # seeds under which it lost points, and the message
    credit: Counter[str] = field(default_factory=Counter)  # what was lost beyond or short of its mistake
    crash: str = ""

    @property
    def survives(self) -> bool:
        """Whether something wrong kept full marks at least once."""
        return self.entry.kind != "correct" and self.killed < self.seeds

    @property
    def argued(self) -> bool:
        """Whether it is a mutant that `equivalent.toml` argues to be right."""
        return any(matches(self, item) for item in arguments())


def rows(entries: Sequence[Entry], ledger: Ledger, seeds: int) -> list[Row]:
    """The ledger's results of these entries, under these seeds."""
    found = []
    for entry in entries:
        row = Row(entry)
        for seed in range(1, seeds + 1):
            effort = effort_of(entry, seed)
            result = ledger.results.get(key_of(entry, seed, effort))
            if result is not None:
                _add(row, seed, result, effort != "first")
        found.append(row)
    return found


def _add(row: Row, seed: int, result: dict[str, Any], whole: bool) -> None:
    row.seeds += 1
    if "crash" in result:
        row.errors, row.killed, row.crash = row.errors + 1, row.killed + 1, result["crash"]
        return
    statuses = result["outcomes"]
    untold = result.get("untold", [])
    row.errors += "error" in statuses.values() or bool(untold)
    row.crash = row.crash or " ".join(untold)
    if not result["full"]:
        row.killed += 1
        row.lost.append((seed, result["said"]))
    if whole:
        row.whole += 1
        row.by.update(name for name, status in statuses.items() if status in ("failed", "timed_out"))
        if row.entry.kind == "wrong" and (why := credit(row.entry.exercise, row.entry.label, statuses)):
            row.credit[why] += 1


def arguments() -> list[dict[str, str]]:
    """Mutants that are argued to be right: {"exercise": id, "line": the changed line, "why": sentence}."""
    return list(tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", []))


def matches(row: Row, item: dict[str, str]) -> bool:
    """Whether an argument is about this entry."""
    place = (row.entry.kind, row.entry.exercise, row.entry.label)
    return place == ("mutant", item["exercise"], item["line"])


def stale(found: Sequence[Row]) -> list[dict[str, str]]:
    """Arguments that no surviving mutant needs, where the mutants of their exercise were graded."""
    graded = [row for row in found if row.entry.kind == "mutant" and row.seeds]
    there = {row.entry.exercise for row in graded}
    return [
        item
        for item in arguments()
        if item["exercise"] in there and not any(matches(row, item) and row.survives for row in graded)
    ]
