"""Calls a student's function as people do: named, by position, or with its defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def call(function: Any, positional: Sequence[Any], named: Mapping[str, Any], style: str) -> Any:
    """`style` is `keywords`, `positional` or `defaults`; the last leaves the named arguments out."""
    if style == "positional":
        return function(*positional, *named.values())
    if style == "defaults":
        return function(*positional)
    return function(*positional, **named)
