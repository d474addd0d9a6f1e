"""Names the mistake behind a failure, or stays silent.

A mistake, or a pair of them, is named only if it shows everything that was seen in the telling cases and no other
single mistake does (for a pair: no single one, and no other pair).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from graders.exercise import Case, Experiment, Mistake, Naming, Seen, Shows


def name_mistakes(naming: Naming, ask: Callable[[Experiment, Case], Seen]) -> tuple[Mistake, ...]:
    """The one explanation of what a submission shows; empty where there is none, or more than one."""
    shows: list[Shows] = []
    for experiment, case in naming.telling:
        seen = ask(experiment, case)
        if seen.failure is not None and seen.failure.kind != "raised":
            return ()  # no known mistake ends the process or goes on for ever
        shows.append(naming.compare(experiment, case, seen))
    shows.sort(key=lambda shows_case: shows_case(frozenset()))  # what is not right first: it refutes most

    def explains(wrong: frozenset[str]) -> bool:
        return all(shows_case(wrong) for shows_case in shows)

    if explains(frozenset()):
        return ()
    singles = [frozenset([variant]) for variant in naming.variants]
    pairs = [frozenset(pair) for pair in combinations(naming.variants, 2) if _id(pair[0]) != _id(pair[1])]
    for hypotheses in (singles, pairs):
        found = {
            tuple(sorted({_id(variant) for variant in wrong})) for wrong in hypotheses if explains(wrong)
        }
        if found:
            return tuple(naming.mistakes[name] for name in found.pop()) if len(found) == 1 else ()
    return ()


def _id(variant: str) -> str:
    return variant.partition(": ")[0]
