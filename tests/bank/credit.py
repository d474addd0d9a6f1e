"""Whether a wrong submission loses what its mistake breaks, and nothing else: `broken.toml` says which claims that are."""

from __future__ import annotations

import functools
import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.graders.grading import EXERCISES

Claims = frozenset[str]


@dataclass(frozen=True)
class Broken:
    """What a mistake costs: in its plainest form, where it is done in other ways, and what it may take along under some seeds."""

    claims: Claims
    variants: tuple[Claims, ...] = ()
    sometimes: Claims = frozenset()

    @property
    def ways(self) -> tuple[Claims, ...]:
        """Every set of claims that it may cost."""
        return (self.claims, *self.variants)


@functools.cache
def broken() -> Mapping[str, Mapping[str, Broken]]:
    """Exercise -> mistake -> what it breaks."""
    table = tomllib.loads(Path(__file__).with_name("broken.toml").read_text(encoding="utf-8"))
    return {
        exercise: {
            mistake: Broken(
                _claims(exercise, entry["claims"]),
                tuple(_claims(exercise, names) for names in entry.get("variants", [])),
                _claims(exercise, entry.get("sometimes", [])),
            )
            for mistake, entry in mistakes.items()
        }
        for exercise, mistakes in table.items()
    }


def _claims(exercise: str, names: Sequence[str]) -> Claims:
    """The claims of these names, where that of a function stands for all claims about it."""
    found: set[str] = set()
    for name in names:
        about = {claim.id for claim in EXERCISES[exercise].properties if claim.function == name}
        found |= about or {name}
    return frozenset(found)


def ways_of(exercise: str, label: str) -> Iterator[Claims]:
    """What a submission may lose whose first line names these mistakes (`one`, or `one + other`); nothing if one is unnamed."""
    mistakes = label.split(" + ")
    if "unnamed" not in mistakes:
        for parts in itertools.product(*(broken()[exercise][mistake].ways for mistake in mistakes)):
            yield frozenset().union(*parts)


def credit(exercise: str, label: str, outcomes: Mapping[str, str]) -> str:
    """What is lost beyond or short of what is written down, given each property's status; empty where that fits.

    Of a pair of mistakes one may keep the other's claims from being looked at, and more than both break.
    """
    ways = list(ways_of(exercise, label))
    lost = {name for name, status in outcomes.items() if status != "passed"}
    hidden = {name for name in lost if outcomes[name] == "not_run"} if " + " in label else set()
    for mistake in set(label.split(" + ")) - {"unnamed"}:
        hidden |= broken()[exercise][mistake].sometimes
    if not ways or any(lost - hidden <= way <= lost for way in ways):
        return ""
    best = min(ways, key=lambda way: len(lost ^ way))
    beyond, short = sorted(lost - best - hidden), sorted(best - lost)
    return "; ".join(
        f"{what}: {', '.join(names)}" for what, names in (("beyond", beyond), ("short of", short)) if names
    )
