"""The kinds of facts: what may be said of a value that was seen, and the sentence for when it does not hold.

A fact is a dict: `kind`, `property` (the claim that it belongs to), `at` (where the value stands among those
seen), `name` (the value in a sentence), and what its kind needs. This list of kinds is all there is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .words import kind_of, listed, number, shown

Fact = Mapping[str, Any]


class NotSeen(Exception):
    """What a fact is about was never reached."""


@dataclass(frozen=True)
class Broken:
    """A fact does not hold: a sentence, and both sides as text (empty where the sentence says all)."""

    message: str
    yours: str = ""
    expected: str = ""


def look(fact: Fact, seen: Mapping[str, Any]) -> Broken | None:
    """Whether a fact holds of what was seen. Raises NotSeen where that was not reached."""
    value: Any = seen
    for step in fact["at"]:
        if not _has(value, step):
            raise NotSeen(".".join(map(str, fact["at"])))
        value = value[step]
    return KINDS[fact["kind"]](fact, value)


def _has(value: Any, step: Any) -> bool:
    if isinstance(value, Mapping):
        return step in value
    return isinstance(value, list) and type(step) is int and step < len(value)


def _note(fact: Fact) -> str:
    return f" ({fact['note']})" if fact.get("note") else ""


def tensor(fact: Fact, got: Any) -> Broken | None:
    """A tensor, of this `shape` and `dtype` where they are given."""
    name, shape, dtype = fact["name"], fact.get("shape"), fact.get("dtype")
    if not isinstance(got, Tensor):
        return Broken(f"{name} is {kind_of(got)}, should be a tensor{_note(fact)}.")
    if shape is not None and list(got.shape) != shape:
        return Broken(f"{name} has shape {tuple(got.shape)}, should be {tuple(shape)}{_note(fact)}.")
    have = str(got.dtype).removeprefix("torch.")
    if dtype is not None and have != dtype:
        return Broken(f"{name} is {have}, should be {dtype}{_note(fact)}.")
    return None


def close(fact: Fact, got: Any) -> Broken | None:
    """A finite floating tensor within `absolute` + `relative` * |want| of `want`, or of one of several (`wants`)."""
    wants: list[Tensor] = fact["wants"] if "wants" in fact else [fact["want"]]
    wrong = tensor({**fact, "shape": list(wants[0].shape)}, got)
    if wrong:
        return wrong
    if not got.dtype.is_floating_point:
        return tensor({**fact, "dtype": "float32"}, got)
    value = got.to(torch.float64)
    broken = [_off(fact, got, value, want.to(torch.float64)) for want in wants]
    return None if None in broken else broken[0]


def _off(fact: Fact, got: Tensor, value: Tensor, want: Tensor) -> Broken | None:
    bound = fact.get("absolute", 0.0) + fact.get("relative", 0.0) * want.abs()
    ok = torch.isfinite(value) & ((value - want).abs() <= bound)
    if bool(ok.all()):
        return None
    at = tuple(int(i) for i in torch.nonzero(~ok)[0])
    says = f"{_place(fact['name'], at)} is {number(float(value[at]))}, should be {number(float(want[at]))}"
    return Broken(f"{says}{_note(fact)}.", *listed(got, want.to(got.dtype), at))


def _place(name: str, at: tuple[int, ...]) -> str:
    return f"{name}{' at ' if ' ' in name else ''}[{', '.join(map(str, at))}]" if at else name


def between(fact: Fact, got: Any) -> Broken | None:
    """A tensor of whole numbers, each from `low` to `high`; its shape and dtype do not matter."""
    low, high = (fact[name].reshape(-1).to(torch.int64) for name in ("low", "high"))
    if not isinstance(got, Tensor) or got.numel() != low.numel():
        raise NotSeen(fact["name"])
    flat = got.reshape(-1).to(torch.float64)
    bad = ~((flat >= low) & (flat <= high) & (flat == flat.round()))
    if not bool(bad.any()):
        return None
    at = int(torch.nonzero(bad)[0])
    least, most = int(low[at]), int(high[at])
    should = f"{least}" if least == most else f"{least} to {most}"
    place = _place(fact["name"], (at,))
    flat_got, nearest = got.reshape(-1), flat.clamp(low, high).to(torch.int64)
    return Broken(
        f"{place} is {number(float(flat[at]))}, should be {should}{_note(fact)}.",
        *listed(flat_got, nearest, (at,)),
    )


def one_of(fact: Fact, got: Any) -> Broken | None:
    """A value out of `values`; of a tensor, each entry to `absolute`."""
    values = fact["values"]
    if not isinstance(got, Tensor):
        words = fact.get("words") or " or ".join(map(str, values))
        return None if got in values else Broken(f"{fact['name']} is {got}, should be {words}{_note(fact)}.")
    flat = got.reshape(-1).to(torch.float64)
    apart = (flat[:, None] - torch.tensor(values, dtype=torch.float64)).abs().amin(1)
    bad = ~(apart <= fact["absolute"])
    if not bool(bad.any()):
        return None
    at = int(torch.nonzero(bad)[0])
    text = ", ".join(map(number, values))
    return Broken(
        f"{_place(fact['name'], (at,))} is {number(float(flat[at]))}{_note(fact)}.", "", f"one of {text}"
    )


def multiple(fact: Fact, got: Any) -> Broken | None:
    """A tensor c * `want` for some number c, not 0, to `absolute`."""
    want = fact["want"].to(torch.float64)
    wrong = tensor({**fact, "shape": list(want.shape)}, got)
    if wrong:
        return wrong
    value = got.to(torch.float64)
    c = float((value * want).sum() / (want * want).sum())
    if not math.isfinite(c) or abs(c) * float(want.abs().max()) <= fact["absolute"]:
        return Broken(f"{fact['nothing']}.") if math.isfinite(c) else Broken(f"{fact['name']} is not finite.")
    return _off(fact, got, value, c * want)


def same(fact: Fact, got: Any) -> Broken | None:
    """Equal to `want`: tensors with dtype and shape, numbers, text, lists and dicts of them."""
    want = fact["want"]
    if _equal(got, want):
        return None
    says = fact.get("says") or f"{fact['name']} is {shown(got)}, should be {shown(want)}{_note(fact)}."
    return Broken(says, *((shown(got), shown(want)) if fact.get("says") else ()))


def table(fact: Fact, got: Any) -> Broken | None:
    """A dict with the entries of `want`."""
    want = fact["want"]
    for key in want:
        if not _has(got, key) or not _equal(got[key], want[key]):
            mine = got[key] if _has(got, key) else "not there"
            return Broken(f"{fact['name']} of `{key}` is {mine}, should be {want[key]}{_note(fact)}.")
    return None


def names(fact: Fact, got: Any) -> Broken | None:
    """A list that holds exactly the names of `want`, in any order; `missing` and `extra` say what else is the case."""
    want: list[str] = fact["want"]
    for says, some in (
        (fact["missing"], [name for name in want if name not in got]),
        (fact["extra"], [name for name in got if name not in want]),
    ):
        if some:
            first = some[0] or "the model"
            return Broken(f"{says.replace('{}', first)}.", shown(sorted(got)), shown(sorted(want)))
    return None


def _equal(got: Any, want: Any) -> bool:
    if isinstance(want, Tensor):
        return isinstance(got, Tensor) and got.dtype == want.dtype and torch.equal(got, want)
    if isinstance(want, list):
        return isinstance(got, list) and len(got) == len(want) and all(map(_equal, got, want))
    return type(got) is type(want) and bool(got == want)


def distinct(fact: Fact, got: Any) -> Broken | None:
    """A finite tensor that holds at least `least` different numbers."""
    if not isinstance(got, Tensor):
        return tensor(fact, got)
    values = got.to(torch.float64)
    if bool(torch.isfinite(values).all()) and len(torch.unique(values)) >= fact["least"]:
        return None
    return Broken(f"{fact['says']}.", shown(got))


def within(fact: Fact, got: Any) -> Broken | None:
    """A number from `low` to `high`, where `want` is what it should be."""
    name, want = fact["name"], fact["want"]
    if type(got) is bool or not isinstance(got, (int, float)):
        return Broken(f"{name} is {kind_of(got)}, should be a number{_note(fact)}.")
    if fact["low"] <= got <= fact["high"]:
        return None
    ratio = f" ({got / want:.4g} times as much)" if want and got > 0 and math.isfinite(got) else ""
    return Broken(f"{name} is {number(got)}, should be {number(want)}{ratio}{_note(fact)}.")


def raises(fact: Fact, got: Any) -> Broken | None:
    """An exception of type `want` was raised."""
    if got == fact["want"]:
        return None
    did = f"raised {got}" if got else "returned a result"
    return Broken(f"{fact['name']} {did}, should raise {fact['want']}.")


def nothing(fact: Fact, got: Any) -> Broken | None:
    """An empty list; what it holds are names for `says`, or whole sentences."""
    if not isinstance(got, list):
        return Broken(f"{fact['name']} is {kind_of(got)}, should be a list.")
    if not got:
        return None
    first = str(got[0])
    return Broken(f"{fact['says'].replace('{}', first)}." if "says" in fact else first)


def something(fact: Fact, got: Any) -> Broken | None:
    """A list that is not empty."""
    return None if isinstance(got, list) and got else Broken(f"{fact['says']}.")


KINDS: Mapping[str, Callable[[Fact, Any], Broken | None]] = {
    check.__name__: check
    for check in (
        tensor, close, between, one_of, multiple, same, table, names, distinct, within, raises, nothing, something,
    )
}  # fmt: skip
