"""Grades the bank and prints its tables: `python -m tests.bank --seeds 20 --fair-seeds 25 --jobs 2`."""

from __future__ import annotations

import argparse
import sys

from tests.bank.entries import entries
from tests.bank.ledger import FOLDER, Ledger
from tests.bank.running import run, tasks
from tests.bank.tables import report, rows
from tests.graders.grading import EXERCISES


def main() -> int:
    """Print what is not as it must be, and the kill matrix. 0 if all is as it must be and all was graded."""
    options = argparse.ArgumentParser(prog="python -m tests.bank", description=__doc__)
    options.add_argument("--seeds", type=int, default=20, help="for what must fail (default: %(default)s)")
    options.add_argument(
        "--fair-seeds", type=int, default=25, help="for what must pass (default: %(default)s)"
    )
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--exercise", choices=list(EXERCISES), nargs="+")
    options.add_argument("--kind", choices=["correct", "wrong", "mutant"], nargs="+")
    options.add_argument("--minutes", type=float, default=1e9, help="start nothing new after so long")
    chosen = options.parse_args()
    bank = [
        entry
        for entry in entries()
        if entry.exercise in (chosen.exercise or EXERCISES) and entry.kind in (chosen.kind or [entry.kind])
    ]
    ledger = Ledger(FOLDER / "ledger.jsonl")
    complete = run(tasks(bank, chosen.seeds, chosen.fair_seeds), ledger, chosen.jobs, chosen.minutes)
    text, bad = report(rows(bank, ledger, max(chosen.seeds, chosen.fair_seeds)))
    (FOLDER / "report.md").write_text(text, encoding="utf-8")
    print(
        text
        + ("" if complete else "\nThe time ran out before all was graded; the next call goes on from here.\n")
    )
    return 0 if complete and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
