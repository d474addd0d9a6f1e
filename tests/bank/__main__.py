"""Grades the bank and prints its tables: `python -m tests.bank --seeds 20 --fair-seeds 25 --jobs 2`."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sys

from graders.run.opening import open_box
from graders.settings import Settings
from tests.bank import metamorphic, names, replayed, tables
from tests.bank.entries import entries
from tests.bank.ledger import FOLDER, Ledger
from tests.bank.rows import rows
from tests.bank.running import gradings, run
from tests.graders.grading import EXERCISES


def main() -> int:
    """Print what is not as it must be, and the kill matrix. 0 if all is as it must be and all was done."""
    options = argparse.ArgumentParser(prog="python -m tests.bank", description=__doc__)
    options.add_argument("--seeds", type=int, default=20, help="for what must fail (default: %(default)s)")
    options.add_argument(
        "--fair-seeds", type=int, default=25, help="for what must pass (default: %(default)s)"
    )
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--exercise", choices=list(EXERCISES), nargs="+", default=list(EXERCISES))
    options.add_argument("--kind", choices=["correct", "wrong", "mutant"], nargs="+")
    options.add_argument(
        "--every", type=int, default=1, metavar="N", help="of correct and of wrong submissions one in N"
    )
    options.add_argument("--minutes", type=float, default=1e9, help="start nothing new after so long")
    chosen = options.parse_args()
    os.nice(10)
    kinds = itertools.groupby(entries(), lambda entry: (entry.exercise, entry.kind))
    bank = [
        entry
        for (exercise, kind), of_kind in kinds
        if exercise in chosen.exercise and kind in (chosen.kind or [kind])
        for entry in list(of_kind)[:: 1 if kind == "mutant" else chosen.every]
    ]
    some = metamorphic.handful(bank)
    told = [variant for entry in some for variant in metamorphic.variants(entry)]
    ledger = Ledger(FOLDER / "ledger.jsonl")
    wanted = itertools.chain(
        gradings(bank, 1, 1),
        gradings(told, 1, 1),
        names.namings(bank),
        gradings(bank, chosen.seeds, chosen.fair_seeds),
        replayed.replayings(bank),
    )
    complete = run(wanted, ledger, chosen.jobs, chosen.minutes)

    found = rows(bank, ledger, max(chosen.seeds, chosen.fair_seeds))
    text, bad = tables.report(found)
    naming, misnamed = names.report(bank, ledger)
    replaying, unlike = replayed.report(bank, ledger)
    differing = metamorphic.differing(bank, told, ledger)
    if complete:
        with open_box(Settings()) as box, contextlib.closing(box.share()) as shared:
            differing += metamorphic.in_another_order(some, ledger, shared)
    text += f"\n{naming}\n{replaying}\n## Changes that must change nothing\n\n{len(told)} variants of {len(some)} submissions, and these in another order: "
    text += f"{len(differing)} graded otherwise\n\n" + "".join(f"- {line}\n" for line in differing)
    (FOLDER / "report.md").write_text(f"{text}\n{tables.details(found)}", encoding="utf-8")
    print(text)
    if not complete:
        print("The time ran out before all was done; the next call goes on from here.")
    return 0 if complete and not (bad or misnamed or unlike or differing) else 1


if __name__ == "__main__":
    sys.exit(main())
