"""The names of mistakes on the whole bank, held against the labels in the first lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.bank.running import Task
from tests.graders.grading import EXERCISES


def namings(bank: Sequence[Entry]) -> Iterator[Task]:
    """The submissions whose exercise has named mistakes."""
    for entry in bank:
        if entry.kind in ("correct", "wrong") and EXERCISES[entry.exercise].naming is not None:
            yield entry, 1, "naming"


def report(bank: Sequence[Entry], ledger: Ledger) -> tuple[str, int]:
    """Right, silent and wrong names by exercise, and how many are wrong: on labelled ones, and on correct ones."""
    lines = ["## Names of mistakes", "", "| exercise | named rightly | silent | named wrongly | recall | without label, named |", "|---|---|---|---|---|---|"]  # fmt: skip
    told: list[str] = []
    bad = 0
    for exercise in EXERCISES:
        right = silent = wrong = others = 0
        for entry, seed, what in namings([entry for entry in bank if entry.exercise == exercise]):
            result = ledger.results.get(key_of(entry, seed, what))
            if result is None or "crash" in result:
                told += [f"- the grader was at fault: {entry.id} {result['crash'][-300:]}"] if result else []
                bad += bool(result)
                continue
            found, wanted = set(result["named"]), labels(entry)
            if wanted is None:
                others += bool(found)
                told += [f"- without label: {entry.name} is named {_list(found)}"] if found else []
            elif found == wanted:
                right += entry.kind == "wrong"
            elif not found:
                silent += 1
                told.append(f"- silent: {entry.name}, which is {_list(wanted)}")
            else:
                wrong += 1
                told.append(f"- wrong: {entry.id} is {_list(wanted)}, named {_list(found)}")
        bad += wrong
        if right + silent + wrong:
            recall = f"{right / (right + silent + wrong):.1%}"
            lines.append(f"| {exercise} | {right} | {silent} | {wrong} | {recall} | {others} |")
    return "\n".join([*lines, "", *told]) + "\n", bad


def labels(entry: Entry) -> set[str] | None:
    """The mistakes that an entry has; None where its label names none that has a name."""
    if entry.kind == "correct":
        return set()
    names = set(entry.label.split(" + "))
    return None if "unnamed" in names else names


def _list(names: set[str]) -> str:
    return " + ".join(sorted(names)) or "nothing"
