"""Yours beside expected: what is shown, and what is called a difference."""

from __future__ import annotations

import pytest

from graders.feedback.compare import ROWS, compare
from graders.feedback.values import inline
from tests.graders.feedback.samples import deep, tensor


def shown(observed: object, expected: object) -> list[tuple[str, str, str, str]]:
    """Label, yours, expected and difference of each row; the first that differs has a star."""
    rows = compare(observed, expected).rows
    return [(f"{'*' * row.first}{row.label}", row.yours, row.expected, row.difference) for row in rows]


def test_the_first_difference_is_shown_wherever_it_is() -> None:
    """Of many entries a handful is shown, from just before the first one that differs."""
    expected = [float(i) for i in range(100)]
    observed = [*expected[:50], 0.0, *expected[51:]]
    table = compare(tensor(observed, [100]), tensor(expected, [100]))
    assert len(table.rows) == ROWS
    assert [row.label for row in table.rows if row.first] == ["[50]"]
    assert table.rows[0].label == "[49]"
    assert table.note == "1 of 100 entries differs; 6 of them shown."


def test_shapes_and_dtypes_come_first() -> None:
    """Where shapes differ, entries are not compared one by one."""
    observed, expected = tensor([1.0, 2.0], [2], "float32"), tensor([[1.0, 2.0]], [1, 2])
    assert shown(observed, expected) == [
        ("*shape", "(2,)", "(1, 2)", ""),
        ("dtype", "float32", "float64", ""),
        ("values", "[1, 2]", "[[1, 2]]", ""),
    ]


def test_rounding_is_no_difference() -> None:
    """What rounding explains is called the same; the first real difference gets the mark."""
    assert shown(tensor([1.0000001, 3.0], [2], "float32"), tensor([1.0, 2.0], [2], "float32")) == [
        ("[0]", "1", "1", "same"),
        ("*[1]", "3", "2", "1"),
    ]


def test_a_difference_within_rounding_is_shown_where_there_is_no_other() -> None:
    """A claim may be exact: where nothing else differs, the smallest difference is one."""
    (row,) = compare(tensor([1.0000001], [1], "float32"), tensor([1.0], [1], "float32")).rows
    assert (row.yours, row.expected, row.first) == ("1.0000001", "1.0", True)


def test_values_that_look_equal_but_are_not_get_all_their_digits() -> None:
    """Six digits are enough, unless they hide the difference."""
    assert shown(1.0000000001, 1.0) == [("*value", "1.0000000001", "1.0", "1e-10")]


@pytest.mark.parametrize(
    ("observed", "expected", "yours"),
    [
        (None, 1.0, "None"),
        ("4", 4, '"4"'),
        ("frozen", "trained", "frozen"),
        (["a"], "only the factors", '["a"]'),
        ("no factors at all", ["a"], "no factors at all"),
        (True, False, "True"),
        ([], {"a": 1}, "[]"),
        (float("nan"), 1.0, "nan"),
        (10**400, 1.0, "about 10^400"),
        (tensor(["<b>\x00"], [1]), tensor([1.0], [1]), '"<b>␀"'),
        (tensor([1], [1], "int64"), None, "int64 tensor of shape (1,): [1]"),
    ],
)
def test_any_two_values_can_be_compared(observed: object, expected: object, yours: str) -> None:
    """Values of different kinds stand side by side as they are."""
    (row,) = compare(observed, expected).rows
    assert (row.yours, row.first) == (yours, True)


def test_keys_that_are_missing_or_too_many() -> None:
    """Of dicts the keys that differ are shown, in the expected order; a missing one says so."""
    assert shown({"a": 1.0, "c": 3.0}, {"a": 1.0, "b": 2.0}) == [
        ("*b", "(none)", "2", ""),
        ("c", "3", "(none)", ""),
    ]


def test_proportions_are_shown_for_numbers_only() -> None:
    """A factor says more than a difference, but codes have none."""
    assert compare(2.0, 4.0).rows[0].ratio == "0.5"
    assert not compare(tensor([2], [1], "uint8"), tensor([4], [1], "uint8")).has_ratio


def test_deep_and_wide_values_are_cut() -> None:
    """No value makes a line longer than a few hundred characters, however deep or wide it is."""
    for value in (deep(5000), [[1.0] * 5000] * 5000, "x" * 10**6, tensor([0.5, 1.0] * 5000, [10000])):
        assert len(inline(value)) < 700
