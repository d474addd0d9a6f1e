"""What is true of all cases of a claim, in a sentence with its counts.

What tells the cases in which it held from those in which it did not (`separation`), and by which one factor all wrong
numbers are off (`proportion`). A fact is told only if it fits every case, and if it is the only one of its kind that does: of two
parameters that separate equally well, nobody knows which one matters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from graders.exercise import Violation

LEAST = 3  # cases on each side
CHANCE = (
    1000  # ways to choose the smaller side among all cases; with fewer, anything separates sooner or later
)
SAME = 1e-4  # relative, between factors
MOST_NAMED = 3  # values that are listed

Trait = Any  # a number, text, truth value, None, or a list of them
Traits = Mapping[str, Trait]


@dataclass(frozen=True)
class Side:
    """The cases on one side, in words: the values of a parameter, or how two of them stand to each other."""

    held: str
    violated: str

    def sentence(self, held: int, violated: int) -> str:
        """The fact, counted."""
        return f"Right {self.held} ({held} cases), wrong {self.violated} ({violated} cases)."


def separation(held: Sequence[Traits], violated: Sequence[Traits]) -> str:
    """The simplest statement that is true in all cases of one side and in none of the other; empty if there is none.

    `held` and `violated` are the cases by the names of their parameters, as the student knows them.
    """
    few = min(len(held), len(violated))
    if few < LEAST or math.comb(len(held) + len(violated), few) < CHANCE:
        return ""
    shared = [name for name in held[0] if all(name in case for case in (*held, *violated))]
    for kind in (_by_value, _by_relation):
        found = list(kind(shared, held, violated))
        if found:
            return found[0].sentence(len(held), len(violated)) if len(found) == 1 else ""
    return ""


def proportion(violations: Sequence[Violation]) -> str:
    """The one factor between what was seen and what was expected, where each violation is about one number."""
    factors = [_factor(violation) for violation in violations]
    known = [factor for factor in factors if factor is not None]
    if len(known) < max(LEAST, len(factors)) or not math.isfinite(known[0]):
        return ""
    if any(abs(factor - known[0]) > SAME * abs(known[0]) for factor in known):
        return ""
    return f"Yours is {known[0]:.4g} times what is expected in all {len(known)} cases that are wrong."


def _factor(violation: Violation) -> float | None:
    """Seen by expected, for two numbers, by themselves or under the same single key."""
    mine, other = violation.observed, violation.expected
    if isinstance(mine, dict) and isinstance(other, dict) and len(mine) == 1 and mine.keys() == other.keys():
        (mine,), (other,) = mine.values(), other.values()
    if (
        not (isinstance(mine, float) and isinstance(other, float))
        or not other
        or not math.isfinite(mine / other)
    ):
        return None
    return mine / other or None


def _by_value(names: Sequence[str], held: Sequence[Traits], violated: Sequence[Traits]) -> Iterator[Side]:
    """One parameter whose values never meet."""
    for name in names:
        right, wrong = ({_key(case[name]): case[name] for case in cases} for cases in (held, violated))
        if right.keys() & wrong.keys():
            continue
        words = _numbers(name, right.values(), wrong.values()) or _listed(name, right, wrong)
        if words is not None:
            yield words


def _numbers(name: str, right: Iterable[Trait], wrong: Iterable[Trait]) -> Side | None:
    """Numbers apart at a threshold, or at one value."""
    mine, other = list(right), list(wrong)
    if not all(_is_number(value) for value in (*mine, *other)):
        return None
    if len(mine) == 1 and len(other) > 1:
        return Side(f"for {name} {_show(mine[0])}", _beyond(name, mine[0], other))
    if len(other) == 1 and len(mine) > 1:
        return Side(_beyond(name, other[0], mine), f"for {name} {_show(other[0])}")
    for low, high in ((mine, other), (other, mine)):
        if max(low) < min(high):
            below, above = f"for {name} up to {_show(max(low))}", f"for {name} from {_show(min(high))}"
            return Side(below, above) if low is mine else Side(above, below)
    return None


def _beyond(name: str, value: float, others: Sequence[float]) -> str:
    """How all the others stand to the one."""
    if min(others) > value:
        return f"for every {name} above {_show(value)}"
    return f"for every {name} below {_show(value)}" if max(others) < value else _rest(name)


def _rest(name: str) -> str:
    return f"for {'all' if name.endswith('s') else 'every'} other {name}"


def _listed(name: str, right: Mapping[str, Trait], wrong: Mapping[str, Trait]) -> Side | None:
    """Few values on one side, at least, so that they can be listed."""
    mine, other = list(right.values()), list(wrong.values())
    if len(mine) > MOST_NAMED and len(other) > MOST_NAMED:
        return None
    if any(_is_number(value) for value in (*mine, *other)):
        return None  # numbers without an order between the sides say nothing that carries over
    rest = _rest(name)
    if len(mine) <= MOST_NAMED and len(other) <= MOST_NAMED:
        return Side(f"for {name} {_any_of(mine)}", f"for {name} {_any_of(other)}")
    if len(mine) <= MOST_NAMED:
        return Side(f"for {name} {_any_of(mine)}", rest)
    return Side(rest, f"for {name} {_any_of(other)}")


RELATIONS: tuple[tuple[str, str, Callable[[float, float], bool]], ...] = (
    ("{a} = {b}", "{a} and {b} differ", lambda a, b: a == b),
    ("{a} is at most {b}", "{a} is above {b}", lambda a, b: a <= b),
    ("{a} is below {b}", "{a} is at least {b}", lambda a, b: a < b),
    ("{a} is a multiple of {b}", "{a} is no multiple of {b}", lambda a, b: b != 0 and a % b == 0),
    ("{b} is a multiple of {a}", "{b} is no multiple of {a}", lambda a, b: a != 0 and b % a == 0),
)


def _by_relation(names: Sequence[str], held: Sequence[Traits], violated: Sequence[Traits]) -> Iterator[Side]:
    """Two numbers that stand to each other in one way on one side, and never on the other."""
    numeric = [name for name in names if all(_is_number(case[name]) for case in (*held, *violated))]
    for a, b in combinations(numeric, 2):
        for yes, no, relation in RELATIONS:
            mine = {relation(case[a], case[b]) for case in held}
            other = {relation(case[a], case[b]) for case in violated}
            if len(mine) == len(other) == 1 and mine != other:
                words = [
                    f"where {text.format(a=a, b=b)}" for text in ((yes, no) if True in mine else (no, yes))
                ]
                yield Side(*words)
                break


def _is_number(value: Trait) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _key(value: Trait) -> str:
    """Equal numbers are one value, whatever their type; true and 1 are not."""
    return repr(float(value)) if _is_number(value) else json.dumps(value, sort_keys=True)


def _any_of(values: Sequence[Trait]) -> str:
    return " or ".join(sorted(map(_show, values)))


def _show(value: Trait) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else str(value)
