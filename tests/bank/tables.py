"""What the bank shows: who was not graded as they must be, which property kills what, which survive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bank.rows import Row, arguments, matches, stale
from tests.graders.grading import EXERCISES


def report(found: Sequence[Row]) -> tuple[str, int]:
    """The tables as Markdown, and how many entries are not as they must be."""
    parts, bad = [], 0
    for exercise in EXERCISES:
        mine = [row for row in found if row.entry.exercise == exercise and row.seeds]
        if mine:
            problems = list(_problems(mine))
            parts += [f"## {exercise}", "", *problems, *_arguments(mine), "", *_matrix(exercise, mine), ""]
            bad += len(problems)
    gone = [
        f"- argued as equivalent, but killed or gone: {item['exercise']} `{item['line']}`"
        for item in stale(found)
    ]
    return "\n".join([*_totals(found), "", *parts, *gone]) + "\n", bad + len(gone)


def details(found: Sequence[Row]) -> str:
    """Every wrong submission and mutant with the properties that kill it, each with the number of seeds."""
    lines = [
        "## What kills what",
        "",
        "| entry | mistake, or changed line | seeds | killed by |",
        "|---|---|---|---|",
    ]
    for row in found:
        if row.entry.kind != "correct" and row.seeds:
            by = ", ".join(f"{name} {count}" for name, count in row.by.most_common()) or "nothing"
            lines.append(
                f"| {row.entry.id} | `{row.entry.label.replace('|', '/')[:100]}` | {row.whole} | {by} |"
            )
    return "\n".join(lines) + "\n"


def _totals(found: Sequence[Row]) -> Iterator[str]:
    """How much was graded of each kind."""
    yield "| | entries | gradings | not as they must be |"
    yield "|---|---|---|---|"
    for kind in ("correct", "wrong", "mutant"):
        mine = [row for row in found if row.entry.kind == kind and row.seeds and not row.argued]
        bad = sum(row.killed if kind == "correct" else row.seeds - row.killed for row in mine)
        yield f"| {kind} | {len(mine)} | {sum(row.seeds for row in mine)} | {bad} |"
    argued = [row for row in found if row.argued and row.seeds]
    yield f"| mutant, argued as right | {len(argued)} | {sum(row.seeds for row in argued)} | |"


def _problems(mine: Sequence[Row]) -> Iterator[str]:
    """Unfair failures, survivors and faults of the grader, a line each."""
    for row in mine:
        name = f"{row.entry.kind} {row.entry.name}"
        if row.crash or row.errors:
            yield f"- the grader was at fault: {name}, {row.errors} of {row.seeds} seeds {row.crash[-300:]}"
        elif row.entry.kind == "correct":
            yield from (f"- unfair: {row.entry.name}, seed {seed}: {said}" for seed, said in row.lost)
        elif row.survives and not row.argued:
            yield f"- survives: {name}, {row.seeds - row.killed} of {row.seeds} seeds: `{row.entry.label}`"
        for why, count in row.credit.items():
            yield f"- credit: {name} ({row.entry.label}) loses {why}, under {count} of {row.whole} seeds"


def _arguments(mine: Sequence[Row]) -> Iterator[str]:
    """Mutants that are argued to be right, each with the reason."""
    for row in mine:
        for item in arguments():
            if row.survives and matches(row, item):
                yield f"- argued as right: {row.entry.name}: `{row.entry.label}`. {item['why']}"


def _matrix(exercise: str, mine: Sequence[Row]) -> Iterator[str]:
    """What each property kills, what no other one kills, and how surely; then those that kill nothing alone."""
    yield "| property | kills wrong | kills mutants | kills alone | under every seed |"
    yield "|---|---|---|---|---|"
    idle = []
    for claim in EXERCISES[exercise].properties:
        killed = [row for row in mine if row.entry.kind != "correct" and row.by[claim.id]]
        wrong = sum(row.entry.kind == "wrong" for row in killed)
        alone = sum(set(row.by) == {claim.id} for row in killed)
        sure = sum(row.by[claim.id] == row.whole for row in killed)
        idle += [] if alone else [claim.id]
        yield f"| {claim.id} | {wrong} | {len(killed) - wrong} | {alone} | {sure} |"
    yield ""
    yield f"Kills nothing that no other property kills: {', '.join(idle) or 'none'}."
