"""What is looked at of `calculate_memory_requirements`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..words import kind_of
from . import View


def all_the_same(arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """A complaint where every value is the same: then none of them is an answer."""
    values = seen["values"]
    one = len(values) > 1 and len({repr(value) for value in values.values()}) == 1
    return ["All ten values of the result are the same."] if one else []


def no_dict(arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """A complaint where something else than a dict was returned."""
    if "returned" not in seen:
        return []
    return [f"calculate_memory_requirements returned {kind_of(seen['returned'])}, should be a dict."]


VIEWS: Mapping[str, Mapping[str, View]] = {
    "estimate": {"no dict": no_dict, "all the same": all_the_same},
}
