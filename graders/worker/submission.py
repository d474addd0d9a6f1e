"""Loads what was handed in for one exercise, and tells what was found of it, or why nothing was."""

from __future__ import annotations

import importlib
import re
import types
from collections.abc import Callable
from typing import Any

from .modules import GIVEN, Modules
from .packages import Packages
from .raised import clean, message_of, missing_module, own_error, raised
from .sources import Source, Sources, decode
from .wire import type_name

MAX_NOTES = 20


class Submission:
    """One load request: the texts that were handed in, and what became of them."""

    def __init__(
        self, request: dict[str, Any], watch: Callable[[types.ModuleType], Any] | None = None
    ) -> None:
        self.exercise: str = request["exercise"]
        self.defines: list[str] = list(request["defines"])
        self.packages = Packages(request["forbidden"], request["placeholders"])
        stubs = {name: _text(text) for name, text in request["stubs"].items()}
        files = {name: data for name, data in request["files"].items() if _counts(name)}
        self.sources = Sources(files, request["notebook"], request["exercise_files"], stubs)
        by_definitions = request["mode"] == "definitions"
        given = _text(request["given"])
        self.modules = Modules(
            self.sources, self.packages, given, self.defines, by_definitions, request["folder"], watch
        )
        self.found: dict[str, tuple[str, Source | None]] = {}

    @property
    def places(self) -> list[Source]:
        """Where the exercise may be: its own file, then the notebook."""
        both = (self.sources.files.get(self.exercise), self.sources.notebook)
        return [source for source in both if source is not None]

    def load(self) -> dict[str, Any]:
        """Load, and reply as the protocol says."""
        self.modules.install()
        self._note_hidden_files()
        try:
            self._load_exercise()
            failure = self._failure()
        except BaseException as error:
            failure = self.raised(error, "load")
        notes = self.modules.notes[:MAX_NOTES]
        if failure is not None:
            return {"raised": failure, "notes": notes}
        found = {
            name: {"state": state, "where": _where(place)} for name, (state, place) in self.found.items()
        }
        return {"found": found, "notes": notes}

    def _load_exercise(self) -> None:
        file = self.sources.files.get(self.exercise)
        if file is not None:
            try:
                importlib.import_module(self.exercise)
            except BaseException as error:
                if not self.modules.by_definitions:
                    raise
                file.problem = error
        if any(self.modules.supplies(file, name) != "attempt" for name in self.defines):
            self.modules.load_notebook()
        self.found = {name: self._find(name) for name in self.defines}
        for place in self.places:
            if place.problem is not None and self._any_attempt():
                self.modules.note(f"{place.label} could not be loaded: {message_of(place.problem)}")

    def _find(self, name: str) -> tuple[str, Source | None]:
        """A name's state and who supplies it: an attempt before a stub, a file before the notebook."""
        for wanted in ("attempt", "stub"):
            for place in self.places:
                if self.modules.supplies(place, name) == wanted:
                    return wanted, place
        return "missing", None

    def _any_attempt(self) -> bool:
        return any(state == "attempt" for state, _ in self.found.values())

    def _note_hidden_files(self) -> None:
        for name, source in self.sources.files.items():
            if not self.packages.is_hidden(name):
                self.modules.note(
                    f"{source.label} cannot be imported: `{name}` is a package of Python or torch"
                )

    # ----------------------------------------------------------------------------------- what went wrong

    def _failure(self) -> dict[str, Any] | None:
        """The RAISED of a load that needs what is forbidden, or found no attempt because something failed."""
        for name in self.defines:
            if self.found[name][0] == "missing":
                for source in self.sources.all:
                    starred = None if self._any_attempt() else source.failed.get("*")
                    _, error = source.failed.get(name) or starred or ("", None)
                    if error is not None and self._hidden(missing_module(error)) == "forbidden":
                        return self.raised(error, "load")
        return None if self._any_attempt() else self._why_nothing_was_found()

    def _why_nothing_was_found(self) -> dict[str, Any] | None:
        for place in self.places:
            if place.problem is not None:
                return self.raised(place.problem, "load")
        for place in self.places:
            for name in self.defines:
                if name in place.failed:
                    return self.raised(place.failed[name][1], "load")
        wanted = re.compile(
            rf"^\s*(?:def|class)\s+(?:{'|'.join(map(re.escape, self.defines))})\b", re.MULTILINE
        )
        for place in self.places:
            for cell in place.cells:
                if cell.problem and wanted.search(cell.text):
                    message = f"code cell {cell.number} cannot be parsed: {cell.problem}"
                    return own_error("SyntaxError", clean(message))
        return None

    def raised(self, error: BaseException, step: str) -> dict[str, Any]:
        """An exception as the protocol's RAISED; a name that was forgotten is told with the reason."""
        result = raised(error, step, self.sources.place, self._hidden)
        name = NameError.__dict__["name"].__get__(error) if type(error) is NameError else None
        for source in self.sources.all:
            if type(name) is str and name in source.failed:
                where, reason = source.failed[name]
                why = f"{type_name(type(reason))}: {message_of(reason)}"
                result["message"] = clean(f"{result['message']} ({where}, which makes it, failed with {why})")
                package = missing_module(reason)
                if self._hidden(package) == "forbidden":
                    result["forbidden_package"] = package
                break
        return result

    def _hidden(self, package: str) -> str:
        if package in self.packages.forbidden:
            return "forbidden"
        ours = self.modules.is_own(package)
        return "missing" if package and not ours and self.packages.is_hidden(package) else ""

    def namespace(self) -> Defined:
        """What the probes look at."""
        values = {}
        for name, (_, source) in self.found.items():
            if source is not None and source.module is not None:
                values[name] = source.module.__dict__[name]
        return Defined(values, self.modules.given, self.modules.watched)


def _counts(name: str) -> bool:
    """Whether a handed-in file can be imported, and is not the lab's."""
    file = name.rpartition("/")[2]
    return file.endswith(".py") and name != f"{GIVEN}.py" and file.removesuffix(".py").isidentifier()


class Defined:
    """The names that an exercise needs, as attributes; `given` is the lab's module, `watched` what its watch keeps."""

    def __init__(self, values: dict[str, Any], given: types.ModuleType, watched: Any) -> None:
        self.__dict__.update(values)
        self.given = given
        self.watched = watched

    def __getattr__(self, name: str) -> Any:
        raise NameError(f"`{name}` is not defined", name=name)


def _text(text: str | bytes) -> str:
    return decode(text) if isinstance(text, bytes) else text


def _where(source: Source | None) -> str:
    return "" if source is None else "notebook" if source.is_notebook else "file"
