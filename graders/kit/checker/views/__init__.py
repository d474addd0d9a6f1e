"""What is looked at besides what a probe saw: values that follow from it, by name, one file for each exercise, found by listing this folder.

`VIEWS` of a file maps a probe to names and functions of the probe's arguments and what it saw. A value that
cannot be made because something is missing is not there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

View = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
_VIEWS: dict[str, Mapping[str, Mapping[str, View]]] = {
    found.name: getattr(importlib.import_module(f"{__name__}.{found.name}"), "VIEWS", {})
    for found in pkgutil.iter_modules(__path__)
}


def with_views(
    exercise: str, probe: str, arguments: Mapping[str, Any], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """What was seen, and what follows from it."""
    found = dict(seen)
    for name, view in _VIEWS[exercise].get(probe, {}).items():
        with suppress(KeyError, AttributeError, TypeError, ValueError, RuntimeError, IndexError):
            found[name] = view(arguments, seen)
    return found
