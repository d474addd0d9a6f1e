"""Loads a submission: its files and its notebook become modules, its exercise's names are found.

A file is run whole, or by its definitions; a notebook always by its definitions. Whatever a text lacks
(or has only as an untouched stub) while another text of the submission attempts it is given to it.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any

from .packages import Packages
from .raised import clean, message_of, missing_module, own_error, raised
from .sources import Source, Sources, decode, remember
from .statements import Statement, needed, to_run
from .wire import type_name

GIVEN = "lab"
GIVEN_FILE = "<given>/lab.py"
ALWAYS_GIVEN = ("SimpleTransformerBlock", "generate_synthetic_data")
MAX_NOTES = 20

_exec, _compile = builtins.exec, builtins.compile


class Submission:
    """Everything that was handed in for one load request; also the finder of its modules."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.exercise: str = request["exercise"]
        self.defines: list[str] = list(request["defines"])
        self.by_definitions = request["mode"] == "definitions"
        self.given_text = _text(request["given"])
        texts = {name: _text(text) for name, text in request["stubs"].items()}
        files = {name: data for name, data in request["files"].items() if self._counts(name)}
        self.sources = Sources(files, request["notebook"], request["exercise_files"], texts)
        self.packages = Packages(request["forbidden"], request["placeholders"])
        self.given: types.ModuleType | None = None
        self.found: dict[str, tuple[str, Source | None]] = {}
        self.notes: list[str] = []

    @staticmethod
    def _counts(name: str) -> bool:
        return name.endswith(".py") and name != f"{GIVEN}.py" and name.removesuffix(".py").isidentifier()

    # ------------------------------------------------------------------------------------- the request

    def load(self) -> dict[str, Any]:
        """Load, and reply as the protocol says."""
        self.packages.first = [self]
        self.packages.install()
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            self._load_exercise()
        except BaseException as error:
            return {"raised": self.raised(error, "load"), "notes": self._told()}
        failure = self._failure()
        if failure is not None:
            return {"raised": failure, "notes": self._told()}
        found = {
            name: {"state": state, "where": _where(source)} for name, (state, source) in self.found.items()
        }
        return {"found": found, "notes": self._told()}

    def _load_exercise(self) -> None:
        source = self.sources.files.get(self.exercise)
        if source is not None:
            try:
                importlib.import_module(self.exercise)
            except BaseException as error:
                if not self.by_definitions:
                    raise
                source.problem = error
        notebook = self.sources.notebook
        attempted = [name for name in self.defines if self._state(source, name) == "attempt"]
        if notebook is not None and len(attempted) < len(self.defines):
            self._load_notebook()
        for name in self.defines:
            self.found[name] = self._find(name)
        if source is not None and source.problem is not None and self._any_attempt():
            self.note(
                f"{source.label} could not be loaded ({message_of(source.problem)}); the notebook was used."
            )

    def _any_attempt(self) -> bool:
        return any(state == "attempt" for state, _ in self.found.values())

    def _find(self, name: str) -> tuple[str, Source | None]:
        """A name's state, and the text that supplies it: an attempt before a stub, a file before the notebook."""
        places = (self.sources.files.get(self.exercise), self.sources.notebook)
        for wanted in ("attempt", "stub"):
            for source in places:
                if self._state(source, name) == wanted:
                    return wanted, source
        return "missing", None

    def _state(self, source: Source | None, name: str) -> str:
        """What a loaded text really supplies under a name."""
        if source is None or not source.loaded or name not in source.own_names:
            return "missing"
        state = self.sources.state(source, name)
        return "attempt" if state == "missing" else state

    def _failure(self) -> dict[str, Any] | None:
        """The RAISED of a load that needs what is forbidden, or found no attempt because something failed."""
        for name in self.defines:
            if self.found[name][0] == "missing":
                for source in self.sources.all:
                    _, error = source.failed.get(name) or source.failed.get("*") or ("", None)
                    if error is not None and self._hidden(missing_module(error)) == "forbidden":
                        return self.raised(error, "load")
        if self._any_attempt() or all(state == "stub" for state, _ in self.found.values()):
            return None
        return self._why_nothing_was_found()

    def _why_nothing_was_found(self) -> dict[str, Any] | None:
        places = [self.sources.files.get(self.exercise), self.sources.notebook]
        present = [source for source in places if source is not None]
        for source in present:
            if source.problem is not None:
                return self.raised(source.problem, "load")
        for source in present:
            for name in self.defines:
                if name in source.failed:
                    return self.raised(source.failed[name][1], "load")
        broken = [cell for source in present for cell in source.cells if cell.problem]
        for cell in broken:
            if any(name in cell.text for name in self.defines):
                message = f"code cell {cell.number} cannot be parsed: {cell.problem}"
                return own_error("SyntaxError", message, {"places": [], "frames": []})
        return None

    def raised(self, error: BaseException, step: str) -> dict[str, Any]:
        """An exception as the protocol's RAISED; a name that was forgotten is told with the reason."""
        result = raised(error, step, self.sources.place, self._hidden)
        name = getattr(error, "name", None) if type(error) is NameError else None
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
        ours = package == GIVEN or package in self.sources.files or package in self.sources.exercise_files
        return "missing" if package and not ours and self.packages.is_hidden(package) else ""

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(clean(text, 300))

    def _told(self) -> list[str]:
        return self.notes[:MAX_NOTES]

    # ------------------------------------------------------------------------------- finding modules

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The finder of `lab`, of the handed-in files, and of the exercises that the notebook holds."""
        if name == GIVEN:
            return self._spec(name, GIVEN_FILE)
        if not self.packages.is_hidden(name) or name in self.packages.forbidden:
            return None
        if name in self.sources.files:
            return self._spec(name, self.sources.files[name].file)
        if name in self.sources.exercise_files and self.sources.notebook is not None:
            return self._spec(name, self.sources.notebook.file)
        return None

    def _spec(self, name: str, origin: str) -> importlib.machinery.ModuleSpec:
        spec = importlib.machinery.ModuleSpec(name, Loader(self), origin=origin)
        spec.has_location = True
        return spec

    def run(self, module: types.ModuleType) -> None:
        """Fills a module that is being imported."""
        name = module.__name__
        if name == GIVEN:
            self._run_given(module)
        elif name in self.sources.files:
            self._run_file(self.sources.files[name], module)
        else:
            self._view_notebook(name, module)

    def source_text(self, name: str) -> str:
        """The text of a module, for `inspect`."""
        if name == GIVEN:
            return self.given_text
        source = self.sources.files.get(name) or self.sources.notebook
        return source.text if source else ""

    # ---------------------------------------------------------------------------------- running texts

    def _run_given(self, module: types.ModuleType) -> None:
        remember(GIVEN_FILE, self.given_text)
        self.given = module
        _exec(_compile(self.given_text, GIVEN_FILE, "exec", dont_inherit=True), module.__dict__)

    def _run_file(self, source: Source, module: types.ModuleType) -> None:
        source.module = module
        source.parse()
        if source.problem is not None:
            raise source.problem
        if self.by_definitions:
            self._run_definitions(source, self._wanted_of(source))
        else:
            self._run_whole(source)
        source.loaded = True
        source.own_names = frozenset(module.__dict__)
        self._complete(source)

    def _run_whole(self, source: Source) -> None:
        """The text as it is; only an untouched stub beside an attempt at the same name is left out."""
        assert source.module is not None
        attempted = {name for name in self.sources.exercise_names if self._has_both(source, name)}
        code: Any = source.text
        if attempted:
            kept = {id(item.node) for item in self.sources.without_stubs(source, attempted)}
            dropped = {id(item.node) for item in source.statements} - kept
            code = _module([node for node in source.nodes if id(node) not in dropped])
        _exec(_compile(code, source.file, "exec", dont_inherit=True), source.module.__dict__)

    def _has_both(self, source: Source, name: str) -> bool:
        """Whether a text defines a name more than once, as a stub and otherwise."""
        if source.text.count(name) < 2 or self.sources.state(source, name) != "attempt":
            return False
        return len(self.sources.without_stubs(source, {name})) < len(source.statements)

    def _wanted_of(self, source: Source) -> set[str]:
        """The names that a text is loaded for."""
        if not source.is_notebook:
            wanted = set(self.sources.exercise_files.get(source.module_name, ()))
            return wanted | self.sources.imported_from(source.module_name)
        wanted = set(self.defines)
        for exercise in self.sources.exercise_files:
            wanted |= self.sources.imported_from(exercise)
        return wanted

    def _run_definitions(self, source: Source, wanted: set[str]) -> None:
        assert source.module is not None
        attempted = {n for n in self.sources.exercise_names if self.sources.state(source, n) == "attempt"}
        kept = self.sources.without_stubs(source, attempted)
        names = needed(kept, wanted)
        fixed: dict[str, Any] = {}
        if source.is_notebook:
            fixed = self._given_to_notebook(source, names)
            kept = self.sources.without_stubs(source, attempted | set(fixed))
        for item in to_run(kept, names):
            if not self._defines_only(item, fixed):
                self._run_statement(item, source, names)
            source.module.__dict__.update(fixed)
        self._note_cells(source)

    @staticmethod
    def _defines_only(item: Statement, fixed: dict[str, Any]) -> bool:
        return item.defines and not item.imports and bool(item.binds) and item.binds <= set(fixed)

    def _given_to_notebook(self, source: Source, names: set[str]) -> dict[str, Any]:
        """Puts the lab's names there, to be redefined; returns what counts whatever the cells define."""
        assert source.module is not None
        given = importlib.import_module(GIVEN)
        public = {n: x for n, x in given.__dict__.items() if getattr(x, "__module__", "") == GIVEN}
        source.module.__dict__.update(public)
        fixed = {name: public[name] for name in ALWAYS_GIVEN if name in public}
        for exercise, own in self.sources.exercise_files.items():
            file = self.sources.files.get(exercise)
            for name in own:
                wanted = name in names and self.sources.state(source, name) != "attempt"
                if wanted and self.sources.state(file, name) == "attempt":
                    self._fetch(exercise, name, fixed)
        return fixed

    def _fetch(self, exercise: str, name: str, into: dict[str, Any]) -> None:
        """A name of another text of the submission, if that can be loaded."""
        try:
            into[name] = importlib.import_module(exercise).__dict__[name]
        except BaseException as error:
            kind = type_name(type(error))
            self.note(f"`{name}` of {exercise}.py could not be used: {kind}: {message_of(error)}")

    def _run_statement(self, item: Statement, source: Source, names: set[str]) -> None:
        """One statement; a hidden package that it imports becomes a placeholder, a failure is remembered."""
        assert source.module is not None
        place, line, code = source.place(item.node.lineno)
        where = f"{place}, line {line}"
        if item.code is None:
            self.note(f"{where} was left out: {item.problem}")
            return
        while True:
            try:
                _exec(item.code, source.module.__dict__)
            except BaseException as error:
                if item.imports and self.packages.make_placeholder(missing_module(error)):
                    continue
                for name in item.binds or {"*"}:
                    source.failed[name] = (where, error)
                if item.binds & names or not item.binds:
                    self.note(
                        f"{where} failed: {type_name(type(error))}: {message_of(error)} ({code.strip()[:80]})"
                    )
            else:
                for name in item.binds:
                    source.failed.pop(name, None)
            return

    def _note_cells(self, source: Source) -> None:
        for cell in source.cells:
            if cell.problem:
                self.note(f"Code cell {cell.number} was left out: {cell.problem}")

    # --------------------------------------------------------------------------- notebook beside files

    def _load_notebook(self) -> types.ModuleType | None:
        """The notebook's module, which is `__main__` as it is in a notebook; run when first asked for."""
        source = self.sources.notebook
        if source is None:
            return None
        if source.module is None:
            source.module = module = types.ModuleType(source.module_name)
            module.__file__ = source.file
            sys.modules[source.module_name] = module
            source.parse()
            if source.problem is None:
                self._run_definitions(source, self._wanted_of(source))
            source.loaded = True
            source.own_names = frozenset(module.__dict__) - self._borrowed(source)
            for file in self.sources.files.values():
                if file.loaded:
                    self._complete(file)
        return source.module

    def _borrowed(self, source: Source) -> set[str]:
        """Exercise names in a notebook's module that it has from a file."""
        names = self.sources.exercise_names
        return {name for name in names if self.sources.state(source, name) == "missing"}

    def _complete(self, source: Source) -> None:
        """Gives an exercise file the notebook's attempts at what it lacks or leaves as a stub."""
        assert source.module is not None
        for name in self.sources.exercise_files.get(source.module_name, ()):
            if self.sources.state(source, name) == "attempt" or self._state(source, name) == "attempt":
                continue
            if self.sources.state(self.sources.notebook, name) == "attempt":
                notebook = self._load_notebook()
                if notebook is not None and name in notebook.__dict__:
                    source.module.__dict__[name] = notebook.__dict__[name]

    def _view_notebook(self, name: str, module: types.ModuleType) -> None:
        """An exercise that only the notebook holds, under its file's name."""
        notebook = self._load_notebook()

        def look(attribute: str) -> Any:
            try:
                return notebook.__dict__[attribute]
            except KeyError:
                raise AttributeError(f"module {name!r} has no attribute {attribute!r}") from None

        module.__dict__["__getattr__"] = look
        module.__dict__["__all__"] = [n for n in notebook.__dict__ if n[:1] != "_"] if notebook else []

    # ---------------------------------------------------------------------------------- for the probes

    def namespace(self) -> Defined:
        """What the probes look at."""
        values = {}
        for name, (_, source) in self.found.items():
            if source is not None and source.module is not None:
                values[name] = source.module.__dict__[name]
        modules = [source.module for source in self.sources.all if source.module is not None]
        return Defined(values, importlib.import_module(GIVEN), modules)


class Loader(importlib.abc.InspectLoader):
    """Runs a module of the submission."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        self.submission.run(module)

    def get_source(self, fullname: str) -> str:
        return self.submission.source_text(fullname)


class Defined:
    """The names that an exercise needs, as attributes; `given` is the lab's module."""

    def __init__(
        self, values: dict[str, Any], given: types.ModuleType, modules: list[types.ModuleType]
    ) -> None:
        self.__dict__.update(values)
        self.given = given
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        raise NameError(f"`{name}` is not defined", name=name)

    def stand_in(self, name: str, replacement: Any) -> Any:
        """Puts `replacement` in the place of the lab's `name` in all modules; returns what was there."""
        original = self.given.__dict__[name]
        for module in [self.given, *self._modules]:
            for key, value in list(module.__dict__.items()):
                if value is original:
                    module.__dict__[key] = replacement
        return original


def _module(nodes: list[Any]) -> Any:
    import ast

    return ast.Module(nodes, [])


def _text(text: str | bytes) -> str:
    return decode(text) if isinstance(text, bytes) else text


def _where(source: Source | None) -> str:
    return "" if source is None else "notebook" if source.is_notebook else "file"
