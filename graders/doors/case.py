"""Reads the case that `loralab check --case` is to ask again: from a file of its own, or out of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graders.run import CallError

MOST_BYTES = 64 << 20  # a report with pictures has less than one


def read_case(path: Path, property_id: str | None, exercise: str | None) -> Mapping[str, Any]:
    """The stored case in a file; in a report, that of a failed property. Raises CallError with one line."""
    data = _json(path)
    if isinstance(data, Mapping) and "exercises" in data:
        return _in_report(path, data, property_id, exercise)
    if not isinstance(data, Mapping) or "case" not in data:
        raise CallError(f"{str(path)!r} is neither a stored case nor a report.json")
    for name, wanted in (("property", property_id), ("exercise", exercise)):
        if wanted not in (None, data.get(name)):
            raise CallError(f"{str(path)!r} is no case of the {name} {wanted!r}")
    return data


def _json(path: Path) -> Any:
    try:
        if not path.is_file():
            raise CallError(f"{str(path)!r} is not a file; give a stored case or a report.json")
        if path.stat().st_size > MOST_BYTES:
            raise CallError(f"{str(path)!r} is too large for a stored case or a report.json")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise CallError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, CallError):
            raise
        raise CallError(f"{str(path)!r} is not JSON") from error


def _in_report(
    path: Path, report: Mapping[str, Any], property_id: str | None, exercise: str | None
) -> Mapping[str, Any]:
    """The case of a failed property of a report."""
    cases = [case for case in _cases(report) if exercise in (None, case.get("exercise"))]
    if not cases:
        raise CallError(f"{str(path)!r} holds no failed property{f' of {exercise}' if exercise else ''}")
    found = [case for case in cases if case.get("property") == property_id]
    if len(found) == 1:
        return found[0]
    if found:
        raise CallError(f"{property_id!r} failed in more than one exercise; say which with --exercise")
    listed = ", ".join(dict.fromkeys(str(case.get("property")) for case in cases))
    raise CallError(f"say with --property which failed one of {str(path)!r} to ask again: {listed}")


def _cases(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every stored case of a report; what has another shape than a report is passed over."""
    found: list[Any] = []
    for exercise in _list(report.get("exercises")):
        for outcome in _list(exercise.get("properties")):
            counterexample = outcome.get("counterexample")
            found.append(counterexample.get("case") if isinstance(counterexample, Mapping) else None)
    return _list(found)


def _list(items: Any) -> list[Mapping[str, Any]]:
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
