"""Writes `docs/partial-credit.md` from `broken.toml`: `python -m tests.bank.credit_page`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graders.exercise import Exercise
from tests.bank.credit import Claims, broken
from tests.graders.grading import EXERCISES

PAGE = Path(__file__).parents[2] / "docs" / "partial-credit.md"
OPENING = """# What a mistake costs

One idea wrong, one idea paid: each claim is about one sentence of the [contract](contract.md), and what a submission computes is held against its own output where
the rest has been paid for. A layer that scales by the wrong number loses the points of the scaling; its gradients, for example, are then compared with those
of its own scaling. A claim is lost along with another only where it cannot be looked at without it: an adapter that never acts shows no dropout.

The tables say for each mistake that has a name which claims it breaks and how many points that costs. Where a mistake is made in another way that breaks other
sentences, a further line says so; and so it does where it depends on the cases that were drawn whether enough is left to look at. `tests/bank/broken.toml` holds the reasons; the suite holds one of thirty wrong submissions of the bank against it at
one seed (of the exercise that trains, one of forty), `make bank` all of them at many, and says what is lost beyond it or short of it. This page is made from it (`python -m tests.bank.credit_page`).

Claims and mistakes stand here by their ids, as in `report.json` and `claims.csv`; in `report.json` a claim's title stands beside its id.
"""


def page() -> str:
    """The page as it must stand in the docs."""
    return "\n".join([OPENING, *(line for exercise in EXERCISES.values() for line in _table(exercise))])


def _table(exercise: Exercise) -> Iterator[str]:
    yield f"## {exercise.title} (`{exercise.id}`, {exercise.points:g} points)"
    yield ""
    yield "| mistake | claims that it breaks | points |"
    yield "|---|---|---|"
    for mistake, costs in broken()[exercise.id].items():
        yield _line(exercise, f"`{mistake}`", costs.claims)
        yield from (_line(exercise, "made in another way", claims) for claims in costs.variants)
        if costs.sometimes:
            yield _line(exercise, "may take along", costs.sometimes)
    yield ""


def _line(exercise: Exercise, mistake: str, claims: Claims) -> str:
    points = sum(claim.points for claim in exercise.properties if claim.id in claims)
    names = ", ".join(f"`{claim.id}`" for claim in exercise.properties if claim.id in claims)
    return f"| {mistake} | {names} | {points:g} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
