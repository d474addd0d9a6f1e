"""Values of a counterexample as short text: six significant digits, a handful of entries, bounded depth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from graders.feedback.untrusted import visible

FEW = 12  # a tensor with more entries is shown by its first ones
_DEPTH = 4
_ITEMS = 8
_LENGTH = 600
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def is_tensor(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether `value` is a tensor in the form that `graders.report.Outcome` describes."""
    return isinstance(value, Mapping) and {"dtype", "shape", "values"} <= value.keys()


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether `value` is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_leaf(value: object) -> object:
    """An entry of a tensor; what JSON cannot hold as a number arrives as "nan", "inf" or "-inf"."""
    return _NOT_FINITE.get(value.lower(), value) if isinstance(value, str) else value


def digits(value: int | float) -> str:
    """A number with six significant digits; an integer whole, as long as it can be read."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else f"about 10^{int(value.bit_length() * math.log10(2))}"
    text = f"{value:.6g}"
    return text.replace("e+0", "e+").replace("e-0", "e-")


def leaves(value: object, index: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], object]]:
    """The entries of nested lists with their indices, in row-major order."""
    if isinstance(value, list | tuple) and len(index) < 16:
        for position, item in enumerate(value):
            yield from leaves(item, (*index, position))
    else:
        yield index, as_leaf(value)


def kind(value: object) -> str:
    """What sort of value it is, as in "float64 tensor of shape (2, 3)"."""
    if is_tensor(value):
        return f"{visible(value['dtype'], 20)} tensor of shape {shape(value)}"
    names = {type(None): "None", bool: "a truth value", str: "a string", list: "a list", dict: "a dict"}
    return names.get(type(value), "a number")


def shape(tensor: Mapping[str, Any]) -> str:
    """A tensor's shape as Python writes it."""
    sizes = tensor["shape"] if isinstance(tensor["shape"], list | tuple) else []
    if len(sizes) > 8:
        return f"({len(sizes)} dimensions)"
    return str(tuple(size for size in sizes if isinstance(size, int)))


def argument(value: object) -> str:
    """An argument of a case in one line: a small tensor as its values, which show its shape, and its dtype."""
    if is_tensor(value) and value["values"] is not None and value["shape"]:
        count = sum(1 for _ in leaves(value["values"]))
        if 0 < count <= FEW:
            return f"{_nested(value['values'])} ({visible(value['dtype'], 20)})"
    return inline(value)


def inline(value: object, depth: int = 0) -> str:
    """`value` in one line, cut where it is long."""
    text = _inline(value, depth)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"


def _inline(value: object, depth: int) -> str:
    if is_tensor(value):
        return _tensor(value)
    if isinstance(value, str):
        return f'"{visible(value, 200)}"'
    if is_number(value):
        return digits(value)
    if depth >= _DEPTH and isinstance(value, list | tuple | Mapping):
        return "…"
    if isinstance(value, list | tuple):
        return f"[{_joined([_inline(item, depth + 1) for item in value[:_ITEMS]], len(value))}]"
    if isinstance(value, Mapping):
        pairs = [(key, value[key]) for key in list(value)[:_ITEMS]]
        shown = [f'"{visible(key, 60)}": {_inline(item, depth + 1)}' for key, item in pairs]
        return f"{{{_joined(shown, len(value))}}}"
    return visible(str(value), 200)


def _joined(shown: list[str], count: int) -> str:
    rest = [f"… {count - len(shown)} more"] if count > len(shown) else []
    return ", ".join(shown + rest)


def _tensor(tensor: Mapping[str, Any]) -> str:
    if tensor["values"] is None:
        return kind(tensor)
    entries = [entry for _, entry in leaves(tensor["values"])]
    if not entries:
        return f"{kind(tensor)}, empty"
    if len(entries) > 1 and all(entry == entries[0] for entry in entries):
        return f"{kind(tensor)}, all {_entry(entries[0])}"
    if len(entries) <= FEW:
        return f"{kind(tensor)}: {_nested(tensor['values'])}"
    return f"{kind(tensor)}: {', '.join(_entry(entry) for entry in entries[:6])}, … {len(entries) - 6} more"


def _entry(entry: object) -> str:
    return digits(entry) if is_number(entry) else visible(entry, 40)


def _nested(values: object, depth: int = 0) -> str:
    if isinstance(values, list | tuple):
        return f"[{', '.join(_nested(item, depth + 1) for item in values)}]" if depth < 16 else "…"
    return _entry(as_leaf(values))
