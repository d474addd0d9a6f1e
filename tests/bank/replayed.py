"""The replays of all failed properties, on one seed: each must show the failure, and none beside the solution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.bank.running import Task
from tests.graders.grading import EXERCISES

CANNOT_SHOW = {  # what a script of 15 lines cannot show of these
    "a_never_filled": "memory that is filled with whatever was there",
    "short_last_block_never_filled": "the same",
    "stochastic_rounding": "another result at each call",
    "weights_drift_with_decay": "a weight that goes on drifting after a step of training",
    "compares_names_by_identity": "texts that are equal and not the same: those of a script are",
    "levels_rounded_to_six_decimals": "less than what the numbers of a script are compared to",
}


def replayings(bank: Sequence[Entry]) -> Iterator[Task]:
    """The wrong submissions, but for those of which no script can show all."""
    return ((entry, 1, "replay") for entry in bank if entry.kind == "wrong" and entry.name not in CANNOT_SHOW)


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
