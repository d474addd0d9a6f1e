"""What came of one exercise: its claims, each with the first and smallest case that breaks it. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Failing:
    """A claim that does not hold: what happened, in which case, both sides."""

    claim: Mapping[str, Any]
    message: str
    case: Mapping[str, str] = field(default_factory=dict)
    yours: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Sheet:
    """One exercise. `message` says why there is nothing more to say, where that is so."""

    exercise: str
    title: str
    message: str = ""
    failing: tuple[Failing, ...] = ()
    waiting: tuple[tuple[str, tuple[str, ...]], ...] = ()  # titles: a claim, and those that it waits on
    unwritten: tuple[str, ...] = ()
    holding: int = 0
    claims: int = 0
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every claim holds."""
        return self.holding == self.claims > 0 and not self.message


def sheet_of(
    exercise: Mapping[str, Any],
    results: Sequence[Result],
    states: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Sheet:
    """The claims of an exercise, from the results of its cases. `states` tells attempts from stubs, by name."""
    unwritten = {name for name, state in states.items() if state != "attempt"}
    unwritten |= {result["ended"]["unwritten"] for result in results if result["ended"]} - {""}
    claims = {claim["id"]: claim for claim in exercise["properties"]}
    first: dict[str, Failing] = {}
    for result in results:
        for name, broken in _broken(exercise, result, claims):
            if claims[name]["function"] not in unwritten and not (result["ended"] or {}).get("unwritten"):
                first.setdefault(name, broken)
    seen = {
        item["property"] for result in results for item in result["outcomes"] if item["verdict"] == "held"
    }
    blocked = {name: _blockers(name, claims, first) for name in claims}
    failing = [first[name] for name in claims if name in first and not blocked[name]]
    open_ = [
        name
        for name, claim in claims.items()
        if claim["function"] not in unwritten and name not in {item.claim["id"] for item in failing}
    ]
    waiting = [name for name in open_ if blocked[name] or name not in seen]
    return Sheet(
        exercise["exercise"],
        exercise["title"],
        failing=tuple(failing),
        waiting=tuple(
            (claims[name]["title"], tuple(claims[other]["title"] for other in blocked[name]))
            for name in waiting
        ),
        unwritten=tuple(sorted(unwritten & set(exercise["defines"]))),
        holding=len(open_) - len(waiting),
        claims=len(claims),
        notes=tuple(notes),
    )


def _broken(
    exercise: Mapping[str, Any], result: Result, claims: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, Failing]]:
    """The claims that a case breaks, each once."""
    case = exercise["cases"][result["case"]]["input"]
    ended = result["ended"]
    found = [(ended["property"], Failing(claims[ended["property"]], ended["message"], case))] if ended else []
    for item in result["outcomes"]:
        if item["verdict"] == "broken":
            claim = claims[item["property"]]
            found.append(
                (claim["id"], Failing(claim, item["message"], case, item["yours"], item["expected"]))
            )
    return found


def _blockers(
    name: str, claims: Mapping[str, Mapping[str, Any]], first: Mapping[str, Failing]
) -> tuple[str, ...]:
    """The failing claims that a claim waits on, directly or by others, in order; those that wait themselves left out."""
    ahead, found = list(claims[name]["waits_on"]), dict[str, None]()
    while ahead:
        other = ahead.pop(0)
        before = _blockers(other, claims, first)
        ahead += before
        if other in first and not before:
            found[other] = None
    return tuple(item for item in claims if item in found)
