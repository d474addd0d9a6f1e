"""The figures of a class, against values that were computed by hand or are published."""

from __future__ import annotations

import itertools
import random

import pytest

from graders.feedback import statistics


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(count: int, of: int, low: float, high: float) -> None:
    """Wilson's intervals are those that Newcombe (1998) prints, without continuity correction."""
    assert statistics.wilson(count, of) == pytest.approx((low, high), abs=5e-5)
    mirrored = statistics.wilson(of - count, of)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_wilson_of_nothing_says_nothing() -> None:
    """Of no submissions nothing is known."""
    assert statistics.wilson(0, 0) == (0.0, 1.0)


def test_point_biserial_by_hand() -> None:
    """r is (mean of those that hold - mean of the others) / standard deviation * sqrt(p q)."""
    holds, rest = [1, 1, 1, 0, 0], [9.0, 7.0, 5.0, 4.0, 5.0]
    # means 7 and 4.5, population variance of 9 7 5 4 5: 3.2
    assert statistics.correlation(holds, rest) == pytest.approx(2.5 / 3.2**0.5 * (0.6 * 0.4) ** 0.5)
    assert statistics.correlation([1, 1, 1], [1.0, 2.0, 3.0]) is None
    assert statistics.correlation([1, 0, 1], [2.0, 2.0, 2.0]) is None


def test_discrimination_by_hand() -> None:
    """Of 100 students the 27 best and the 27 worst are compared, and nobody in between."""
    rest = [float(i) for i in range(100)]
    holds = [i >= 73 or i < 9 or 27 <= i < 50 for i in range(100)]
    assert statistics.discrimination(holds, rest) == pytest.approx(1 - 9 / 27)
    assert statistics.discrimination([not held for held in holds], rest) == pytest.approx(9 / 27 - 1)


def test_discrimination_does_not_depend_on_the_order_of_ties() -> None:
    """Students with the same rest count in equal parts, whatever their order."""
    rest = [3.0, 3.0, 3.0, 3.0, 2.0, 1.0, 1.0, 1.0]  # 2.16 of 8: 4 tie above, 3 below
    holds = [True, True, True, False, False, True, False, False]
    wanted = 3 / 4 - 1 / 3
    for order in itertools.islice(itertools.permutations(range(8)), 0, None, 997):
        found = statistics.discrimination([holds[i] for i in order], [rest[i] for i in order])
        assert found == pytest.approx(wanted)
    assert statistics.discrimination([True, False], [1.0, 1.0]) is None


def test_chance_and_lift_by_hand() -> None:
    """Of 10 students 4 miss one claim and 5 the other: that 4 miss both has probability 5/210."""
    assert statistics.chance(4, 4, 5, 10) == pytest.approx(5 / 210)
    assert statistics.chance(0, 4, 5, 10) == pytest.approx(1)
    assert statistics.lift(4, 4, 5, 10) == pytest.approx(2)
    assert statistics.lift(2, 4, 5, 10) == pytest.approx(1)


def test_outliers_are_far_from_most() -> None:
    """One slow submission stands out; the spread of a usual class, and many slow ones, do not."""
    draw = random.Random(1)
    usual = [draw.gauss(10, 1) for _ in range(200)]
    assert not any(statistics.outliers(usual))
    assert statistics.outliers([*usual, 60.0]) == [False] * 200 + [True]
    assert not any(statistics.outliers([10.0] * 10 + [50.0] * 10))
    assert not any(statistics.outliers([10.0] * 20 + [10.1]))


def test_typical_by_hand() -> None:
    """The median of 1 1 2 2 4 6 9 is 2, that of the distances 1 1 0 0 2 4 7 is 1."""
    assert statistics.typical([1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]) == pytest.approx((2.0, 1.4826))
