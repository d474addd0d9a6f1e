"""Yours beside expected: a table of at most six rows in which the first difference is marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graders.feedback.untrusted import visible
from graders.feedback.values import digits, inline, is_number, is_tensor, kind, leaves, shape

ROWS = 6
ABSENT = object()  # a value that was never reached
# Differences below this, relative to the largest entry, are not called differences: both sides round.
_NOISE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 2e-6, "float64": 4e-15}


@dataclass(frozen=True)
class Row:
    """One line of the comparison, as text."""

    label: str
    yours: str
    expected: str
    difference: str = ""
    ratio: str = ""
    differs: bool = False
    first: bool = False  # the first line that differs


@dataclass(frozen=True)
class Comparison:
    """The table and a sentence below it. A single value has one row without a label."""

    heading: str  # of the labels: "entry", "key", ...
    rows: tuple[Row, ...]
    note: str = ""

    @property
    def has_difference(self) -> bool:
        """Whether the column of differences says anything."""
        return any(row.difference for row in self.rows)

    @property
    def has_ratio(self) -> bool:
        """Whether the column of quotients says anything."""
        return any(row.ratio for row in self.rows)


def compare(observed: object, expected: object) -> Comparison:
    """The comparison of two values of a counterexample. Shapes and dtypes come first where they differ."""
    if is_tensor(observed) and is_tensor(expected):
        return _tensors(observed, expected)
    if isinstance(observed, list) and isinstance(expected, list):
        return _sequences(observed, expected)
    if isinstance(observed, Mapping) and isinstance(expected, Mapping) and not is_tensor(observed):
        return _dicts(observed, expected)
    return _table("", [_row("value", observed, expected)])


def _tensors(observed: Mapping[str, Any], expected: Mapping[str, Any]) -> Comparison:
    rows = []
    if shape(observed) != shape(expected):
        rows.append(Row("shape", shape(observed), shape(expected), differs=True))
    if observed["dtype"] != expected["dtype"]:
        rows.append(
            Row("dtype", visible(observed["dtype"], 20), visible(expected["dtype"], 20), differs=True)
        )
    if observed["values"] is None or expected["values"] is None:
        note = "There are too many entries to list them."
        return _table("", rows or [Row("kind", kind(observed), kind(expected))], note)
    if shape(observed) != shape(expected):
        mine, other = (inline(side["values"]) for side in (observed, expected))
        return _table("", [*rows, Row("values", mine, other)])
    ours = [entry for _, entry in leaves(expected["values"])]
    noise = _NOISE.get(str(observed["dtype"]), 0.0) * _largest(ours)
    pairs = list(zip(leaves(observed["values"]), ours, strict=False))
    entries = [_row(_place(index), mine, other, noise) for (index, mine), other in pairs]
    if not any(row.differs for row in rows + entries):  # then the little that there is, is what counts
        entries = [_row(_place(index), mine, other) for (index, mine), other in pairs]
    if "int" in f"{observed['dtype']} {expected['dtype']}":
        entries = [replace(entry, ratio="") for entry in entries]  # codes and indices have no proportion
    return _window("entry", rows, entries, noun="entries")


def _sequences(observed: list[Any], expected: list[Any]) -> Comparison:
    rows = []
    if len(observed) != len(expected):
        rows.append(Row("length", str(len(observed)), str(len(expected)), differs=True))
    length = max(len(observed), len(expected))
    mine, other = (list(side) + [ABSENT] * (length - len(side)) for side in (observed, expected))
    noise = 4e-15 * _largest(expected)
    entries = [_row(f"[{i}]", a, b, noise) for i, (a, b) in enumerate(zip(mine, other, strict=True))]
    return _window("item", rows, entries, noun="items")


def _dicts(observed: Mapping[str, Any], expected: Mapping[str, Any]) -> Comparison:
    keys = [*expected, *(key for key in observed if key not in expected)]
    sides = [(key, observed.get(key, ABSENT), expected.get(key, ABSENT)) for key in keys]
    entries = [_row(visible(key, 60), mine, other, noise=None) for key, mine, other in sides]
    wrong = [row for row in entries if row.differs]
    return _window("key", [], wrong or entries, noun="keys", total=len(entries))


def _row(label: str, mine: object, other: object, noise: float | None = 0.0) -> Row:
    """`noise` None stands for rounding in the last digits of either side."""
    if not (is_number(mine) and is_number(other)):
        words = isinstance(mine, str) and isinstance(other, str)  # no quotes needed to tell "4" from 4
        yours, wanted = (visible(side, 300) if words else _shown(side) for side in (mine, other))
        return Row(label, yours, wanted, differs=not _equal(mine, other))
    if noise is None:
        noise = 1e-9 * abs(_float(other))
    apart = _float(mine) - _float(other)
    same = mine == other or abs(apart) <= noise or (mine != mine and other != other)
    yours, wanted = digits(mine), digits(other)
    if yours == wanted and not same:
        yours, wanted = (repr(side) if isinstance(side, float) else digits(side) for side in (mine, other))
    difference = "same" if same else digits(apart) if math.isfinite(apart) else "not a number"
    return Row(label, yours, wanted, difference, _ratio(mine, other, same), differs=not same)


def _ratio(mine: int | float, other: int | float, same: bool) -> str:
    if same or not _float(other) or not _float(mine):
        return ""
    quotient = _float(mine) / _float(other)
    return digits(quotient) if math.isfinite(quotient) else ""


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _largest(values: Iterable[object]) -> float:
    sizes = [abs(_float(value)) for value in values if is_number(value)]
    return max((size for size in sizes if math.isfinite(size)), default=0.0)


def _equal(mine: object, other: object) -> bool:
    try:
        return type(mine) is type(other) and bool(mine == other)
    except RecursionError:
        return False


def _shown(value: object) -> str:
    if isinstance(value, str) and " " in value:  # words about a value, which nobody takes for one
        return visible(value, 300)
    return "(none)" if value is ABSENT else inline(value, depth=1)


def _place(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else "value"


def _window(heading: str, rows: list[Row], entries: list[Row], *, noun: str, total: int = 0) -> Comparison:
    """`rows`, then the entries from just before the first one that differs."""
    total = total or len(entries)
    wrong = sum(row.differs for row in entries)
    first = next((i for i, row in enumerate(entries) if row.differs), 0)
    start = max(0, min(first - 1, len(entries) - ROWS))
    shown = entries[start : start + ROWS]
    note = f"{wrong} of {total} {noun} {'differs' if wrong == 1 else 'differ'}" if total > 1 and wrong else ""
    if len(shown) < len(entries):
        note = f"{note or f'There are {total} {noun}'}; {len(shown)} of them shown"
    return _table(heading, rows + shown, f"{note}." if note else "")


def _table(heading: str, rows: list[Row], note: str = "") -> Comparison:
    first = next((i for i, row in enumerate(rows) if row.differs), None)
    marked = tuple(replace(row, first=i == first) for i, row in enumerate(rows))
    return Comparison(heading, marked, note)
