"""The figures of a class: plain formulas over numbers, which know nothing of reports."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

FEWEST = 30  # submissions below which only counts are told
ROUGH = 100  # below this, figures are called rough
GROUP = 0.27  # share of a class that is its upper, or its lower, group (Kelley 1939)
_Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution
_MAD_TO_SIGMA = 1.4826  # the median absolute deviation of a normal distribution is sigma / 1.4826


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score method, which also holds for few and for none."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = count / of, _Z95 * _Z95
    centre = share + z2 / (2 * of)
    half = _Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low, high = ((centre + sign * half) / (1 + z2 / of) for sign in (-1, 1))
    return (0.0 if count == 0 else low), (1.0 if count == of else high)


def correlation(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Pearson's r; with 0 and 1 on one side it is the point-biserial. None where a side does not vary."""
    if len(set(x)) < 2 or len(set(y)) < 2:
        return None
    return statistics.correlation(x, y)


def discrimination(holds: Sequence[bool], rest: Sequence[float]) -> float | None:
    """D: the share that holds in the upper 27 % by `rest`, minus that in the lower 27 %.

    Whoever ties at a group's edge counts in part, so that no order of the class decides. None where `rest`
    does not tell the groups apart.
    """
    if len(set(rest)) < 2:
        return None
    upper = _group_share(holds, [-value for value in rest])
    return upper - _group_share(holds, rest)


def below_chance(r: float | None, of: int) -> bool:
    """Whether a correlation is so far below 0 that chance makes it in fewer than one of two thousand classes."""
    return r is not None and r * math.sqrt(of) < -3.3


def _group_share(holds: Sequence[bool], keys: Sequence[float]) -> float:
    """The share that holds among the 27 % with the smallest keys."""
    size = GROUP * len(keys)
    edge = sorted(keys)[math.ceil(size) - 1]
    inside = [held for held, key in zip(holds, keys, strict=True) if key < edge]
    tied = [held for held, key in zip(holds, keys, strict=True) if key == edge]
    part = (size - len(inside)) / len(tied)
    return (sum(inside) + part * sum(tied)) / size


def lift(both: int, first: int, second: int, of: int) -> float:
    """How many times more often two things happen together than they would by chance."""
    return both * of / (first * second)


def chance(both: int, first: int, second: int, of: int) -> float:
    """The probability of at least `both` together if the two were independent (Fisher's exact test, one side)."""
    ways = math.comb(of, second)
    most = min(first, second)
    return sum(math.comb(first, k) * math.comb(of - first, second - k) for k in range(both, most + 1)) / ways


def typical(values: Sequence[float]) -> tuple[float, float]:
    """The median, and a spread like a standard deviation that a few extremes do not move."""
    middle = statistics.median(values)
    return middle, _MAD_TO_SIGMA * statistics.median(abs(value - middle) for value in values)


def outliers(values: Sequence[float]) -> list[bool]:
    """Which values lie far above the others: by 5 spreads, and by half of what is usual, at least."""
    middle, spread = typical(values)
    return [value > middle + 5 * spread and value > 1.5 * middle for value in values]
