"""An exception of a student's code as data: type, message and the lines of the student's own text."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping
from typing import Any

from .wire import is_subtype, type_name, visible

MAX_MESSAGE = 500
MAX_FRAMES = 5
MAX_LINE = 300

_mro = type.__dict__["__mro__"].__get__
_import_name = ImportError.__dict__["name"].__get__
_cause = BaseException.__dict__["__cause__"].__get__
_context = BaseException.__dict__["__context__"].__get__
_traceback = BaseException.__dict__["__traceback__"].__get__
_EXCEPTIONS = {x for x in vars(builtins).values() if isinstance(x, type) and issubclass(x, BaseException)}
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
_PATH = re.compile(r"(?<![\w./\\>])(?:<\w+>|[A-Za-z]:)?(?:[/\\][\w.@+~-]+)*[/\\](?=[\w.@+~-])(?<=[\w>][/\\])")
_QUOTED_PATH = re.compile(r"""(['"])(?:<\w+>|[A-Za-z]:)?[/\\][^'"\n]*[/\\]([^'"/\\\n]+)\1""")

Place = Callable[[str, int], tuple[str, int, str] | None]
"""From a code object's file name and line to the student's place, line and text; None where not theirs."""


def clean(text: str, limit: int = MAX_MESSAGE) -> str:
    """Text of a student, fit to be shown: cut, without addresses, folders and invisible characters."""
    text = text[: 4 * limit]
    text = _ADDRESS.sub("0x\u2026", text)
    text = _PATH.sub("", _QUOTED_PATH.sub(r"\1\2\1", text))
    return visible(text, limit)


def message_of(error: BaseException) -> str:
    """The exception's text, by the method of the built-in class it inherits from."""
    try:
        kind = next(cls for cls in _mro(type(error)) if cls in _EXCEPTIONS)
        text = kind.__str__(error)
        return clean(text) if type(text) is str else ""
    except BaseException:
        return ""


def missing_module(error: BaseException | None) -> str:
    """The package whose import failed, if that is what the exception or one that it follows from says."""
    for _ in range(10):
        if error is None:
            break
        if is_subtype(type(error), ImportError):
            name = _import_name(error)
            if type(name) is str and name:
                return name.partition(".")[0]
        error = _cause(error) or _context(error)
    return ""


def frames_of(error: BaseException, place: Place) -> list[tuple[str, int, str]]:
    """The last lines of the student's own text on the way to the exception: place, line, text."""
    frames = []
    step = _traceback(error)
    while step is not None:
        found = place(step.tb_frame.f_code.co_filename, step.tb_lineno)
        if found is not None:
            frames.append(found)
        step = step.tb_next
    if is_subtype(type(error), SyntaxError):
        file = SyntaxError.__dict__["filename"].__get__(error)
        line = SyntaxError.__dict__["lineno"].__get__(error)
        found = place(file, line) if type(file) is str and type(line) is int else None
        if found is not None:
            frames.append(found)
    return frames[-MAX_FRAMES:]


def raised(error: BaseException, step: str, place: Place, hidden: Callable[[str], str]) -> dict[str, Any]:
    """The protocol's RAISED. `hidden` tells whether a package is `missing`, `forbidden` or neither."""
    frames = frames_of(error, place)
    package = missing_module(error)
    why = hidden(package) if package else ""
    return {
        "type": clean(type_name(type(error)), 80),
        "message": message_of(error),
        "step": step,
        "frames": [[line, clean(text, MAX_LINE)] for _, line, text in frames],
        "places": [where for where, _, _ in frames],
        "missing_package": package if why == "missing" else "",
        "forbidden_package": package if why == "forbidden" else "",
    }


def own_error(kind: str, message: str, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A RAISED that no exception stands behind."""
    empty = {"step": "load", "frames": [], "places": [], "missing_package": "", "forbidden_package": ""}
    return {"type": kind, "message": message, **empty, **(facts or {})}
