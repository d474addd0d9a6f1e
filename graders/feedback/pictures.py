"""Pictures from the data of a counterexample, by their kind: bars, levels, tree, curves.

Each has its geometry, ready to be laid out, and the same data as a table for those who do not see it. What is
not of the form that `report.schema.json` describes makes no picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graders.feedback.untrusted import visible
from graders.feedback.values import digits, is_number

_ROWS = 24
_LINES = 8
_POINTS = 200
_DEPTH = 8
_LEFT, _RIGHT = 50, 312  # of the curves, beside their numbers
_DECADES = 100  # values that differ by more than this factor are drawn on a logarithmic scale
_FAR_APART = 40  # pairs of bars this far apart in size have scales of their own


@dataclass(frozen=True)
class Picture:
    """What every kind has: a title, what is to be seen, and the data as a table."""

    kind: str
    title: str
    summary: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two bars: widths in per cent and the numbers beside them."""

    label: str
    yours: str
    expected: str
    yours_width: float
    expected_width: float
    differs: bool


@dataclass(frozen=True)
class Bars(Picture):
    """Pairs of bars, yours above expected."""

    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Column:
    """The values nearest to one level: a column with its wrong part, and the way to the level that was given."""

    x: float
    height: float
    wrong: float  # of the height
    to: float | None  # x of the furthest level that was given
    y: float  # of that way


@dataclass(frozen=True)
class Levels(Picture):
    """Columns over the levels of a code."""

    columns: tuple[Column, ...] = ()
    zero: float = 0.0  # x of the level 0
    height: float = 0.0


@dataclass(frozen=True)
class Node:
    """One entry of a tree, with what is below it."""

    label: str
    what: str
    word: str
    sign: str  # "✓", "✗", or empty where nothing is asked
    below: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Tree(Picture):
    """A tree in which the entries that differ are marked."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Line:
    """One curve: a path, with a dot for each point, and its style's number."""

    label: str
    path: str
    dots: tuple[tuple[float, float], ...]
    style: int


@dataclass(frozen=True)
class Curves(Picture):
    """Curves over a whole number from 1."""

    lines: tuple[Line, ...] = ()
    low: str = ""
    high: str = ""
    last: str = ""
    x: str = ""


def picture(data: object) -> Picture | None:
    """The picture of a counterexample's data; None where there is nothing to draw."""
    if not isinstance(data, Mapping):
        return None
    kinds = {"bars": _bars, "levels": _levels, "tree": _tree, "curves": _curves}
    draw = kinds.get(str(data.get("kind")))
    try:
        return draw(data, visible(data.get("title"), 200)) if draw else None
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError):
        return None


def _bars(data: Mapping[str, Any], title: str) -> Bars | None:
    unit = visible(data["unit"], 20)
    rows = [
        (visible(row["label"], 60), _number(row["yours"]), _number(row["expected"]))
        for row in data["rows"][:_ROWS]
    ]
    if not rows:
        return None
    tops = [max(abs(mine), abs(other)) for _, mine, other in rows]
    own = max(tops) > _FAR_APART * min(tops)
    scales = [(top if own else max(tops)) or 1.0 for top in tops]
    pairs = tuple(
        Pair(label, digits(mine), digits(other), _percent(mine, scale), _percent(other, scale),
             not math.isclose(mine, other, rel_tol=1e-6))
        for (label, mine, other), scale in zip(rows, scales, strict=True)
    )  # fmt: skip
    summary = "Each pair of bars has a scale of its own." if own else "All bars have the same scale."
    table = tuple((pair.label, pair.yours, pair.expected) for pair in pairs)
    return Bars(
        "bars", f"{title}, in {unit}" if unit else title, summary, ("", "yours", "expected"), table, pairs
    )


def _percent(value: float, scale: float) -> float:
    return round(100 * min(abs(value) / scale, 1.0), 2)


def _levels(data: Mapping[str, Any], title: str) -> Levels | None:
    entries = data["levels"][:64]
    levels = [_number(entry["level"]) for entry in entries]
    counts, wrong = ([max(0, int(entry[key])) for entry in entries] for key in ("count", "wrong"))
    given = [None if entry["given"] is None else _number(entry["given"]) for entry in entries]
    if len(levels) < 2 or not sum(wrong):
        return None
    low, high = min(levels), max(levels)

    def x(level: float) -> float:
        return round(12 + 296 * (min(max(level, low), high) - low) / (high - low), 1)

    columns, row = [], 0
    for level, count, bad, to in zip(levels, counts, wrong, given, strict=True):
        tall = round(70 * count / max(counts), 1)
        columns.append(
            Column(
                x(level),
                tall,
                round(tall * bad / count, 1) if count else 0.0,
                None if to is None else x(to),
                104 + 5 * row,
            )
        )
        row += to is not None
    parts = sum(1 for bad in wrong if bad)
    summary = f"{sum(wrong)} of {sum(counts)} codes are wrong, at {parts} of {len(levels)} levels."
    table = tuple(
        (
            str(code),
            digits(level),
            str(count),
            str(bad),
            "" if to is None else f"{_code(levels, to)} ({digits(to)})",
        )
        for code, (level, count, bad, to) in enumerate(zip(levels, counts, wrong, given, strict=True))
    )
    head = ("code", "level", "values", "wrong", "furthest code given (its level)")
    return Levels(
        "levels",
        title,
        summary,
        head,
        table,
        tuple(columns),
        x(0.0) if low <= 0 <= high else 0.0,
        108 + 5 * row,
    )


def _code(levels: Sequence[float], level: float) -> str:
    return str(levels.index(level)) if level in levels else "?"


def _tree(data: Mapping[str, Any], title: str) -> Tree | None:
    entries = [_entry(node) for node in data["nodes"][:_POINTS]]
    wrong = [entry for entry in entries if entry[3] == "✗"]
    shown = entries if len(entries) <= _ROWS else wrong[:_ROWS]
    asked = [entry for entry in entries if entry[3]]
    if not wrong:
        return None
    summary = f"{len(wrong)} of {len(asked)} {'is' if len(wrong) == 1 else 'are'} not as asked."
    if len(shown) < len(entries):
        summary += f" Only {'those' if len(shown) == len(wrong) else f'{len(shown)} of those'} are shown."
    roots: list[Node] = []
    for path, what, word, sign in shown:
        place = roots
        for step in path[:-1]:
            node = next((item for item in place if item.label == step), None)
            if node is None:
                node = Node(step, "", "", "")
                place.append(node)
            place = node.below
        place.append(Node(path[-1], what, word, sign))
    table = tuple((".".join(path), word) for path, _, word, sign in shown if sign)
    return Tree("tree", title, summary, ("name", "yours"), table, tuple(roots))


def _entry(node: Mapping[str, Any]) -> tuple[tuple[str, ...], str, str, str]:
    """Path, kind, word and sign of one node."""
    steps = visible(node["name"], 200).split(".")
    path = (*steps[: _DEPTH - 1], ".".join(steps[_DEPTH - 1 :])) if len(steps) > _DEPTH else tuple(steps)
    yours, expected = visible(node["yours"], 40), visible(node["expected"], 40)
    same = yours == expected
    word = yours if same else f"{yours or 'nothing'}, should be {expected or 'nothing'}"
    return path, visible(node["what"], 40), word, "" if same and not yours else "✓" if same else "✗"


def _curves(data: Mapping[str, Any], title: str) -> Curves | None:
    given = [(visible(line["label"], 120), _values(line["values"])) for line in data["lines"][:_LINES]]
    known = [value for _, values in given for value in values if value is not None]
    if not known:
        return None
    low, high, length = min(known), max(known), max(len(values) for _, values in given)
    steep = low > 0 and high / low > _DECADES
    height = _height(math.log(low), math.log(high), math.log) if steep else _height(low, high, float)
    lines = tuple(
        _line(label, values, number, height, length) for number, (label, values) in enumerate(given)
    )
    x, y = visible(data["x"])[:12], visible(data["y"])[:12]
    table = tuple((str(at + 1), *(_cell(values, at) for _, values in given)) for at in _some(length))
    summary = f"{len(lines)} {'curve' if len(lines) == 1 else 'curves'} of {y} over {x}, between {low:.3g} and {high:.3g}"
    summary += ", on a logarithmic scale." if steep else "."
    head = (x, *(line.label for line in lines))
    return Curves("curves", title, summary, head, table, lines, _brief(low), _brief(high), str(length), x)


def _brief(value: float) -> str:
    return f"{value:.3g}".replace("e+", "e")


def _values(values: Sequence[object]) -> list[float | None]:
    """The values of a curve; None where one is not finite."""
    return [None if value is None else _number(value) for value in values[:_POINTS]]


def _height(low: float, high: float, scale: Callable[[float], float]) -> Callable[[float], float]:
    """Where a value stands: the highest at the top."""
    if high <= low:
        return lambda value: 70.0
    return lambda value: 8 + 124 * ((high / 2 - scale(value) / 2) / (high / 2 - low / 2))


def _some(length: int) -> Iterable[int]:
    """At most a dozen places, the first and the last among them."""
    return range(length) if length <= 12 else sorted({round(i * (length - 1) / 11) for i in range(12)})


def _cell(values: Sequence[float | None], at: int) -> str:
    if at >= len(values):
        return ""
    value = values[at]
    return "not finite" if value is None else digits(value)


def _line(
    label: str, values: Sequence[float | None], number: int, height: Callable[[float], float], length: int
) -> Line:
    dots: list[tuple[float, float]] = []
    path, pen = "", "M"
    for at, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x = _LEFT + 6 + (_RIGHT - _LEFT - 6) * (at / (length - 1) if length > 1 else 0.5)
        y = height(value)
        path += f"{pen}{x:.1f} {y:.1f}"
        pen = "L"
        dots.append((round(x, 1), round(y, 1)))
    return Line(label, path, tuple(dots) if len(dots) <= 20 else (dots[0], dots[-1]), number)


def _number(value: object) -> float:
    """A finite number. Raises ValueError for anything else."""
    if not is_number(value) or not math.isfinite(value):
        raise ValueError("no number to draw")
    return float(value)
