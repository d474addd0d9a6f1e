"""The modules of a submission: finds them when they are imported, and runs their texts.

A file is run whole or by its definitions, a notebook always by its definitions. Whatever a text lacks
(or has only as an untouched stub) while another text of the submission attempts it is given to it.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from .packages import Packages
from .raised import clean, message_of, missing_module
from .sources import Source, Sources, remember
from .statements import Statement, needed, to_run
from .wire import type_name

GIVEN = "lab"
GIVEN_FILE = "<given>/lab.py"
ALWAYS_GIVEN = ("SimpleTransformerBlock", "generate_synthetic_data")

_exec, _compile = builtins.exec, builtins.compile


class Modules:
    """Finder and runner of `lab`, of the handed-in files, and of the exercises that the notebook holds."""

    def __init__(
        self,
        sources: Sources,
        packages: Packages,
        given_text: str,
        defines: Sequence[str],
        by_definitions: bool,
        folder: str,
        watch: Callable[[types.ModuleType], Any] | None = None,
    ) -> None:
        self.sources = sources
        self.packages = packages
        self.given_text = given_text
        self.defines = list(defines)
        self.by_definitions = by_definitions
        self.notes: list[str] = []
        self._given: types.ModuleType | None = None
        self.watch, self.watched = watch, None
        self.folder = folder  # under whose name the same modules may be imported: `lora_theory.lab` is `lab`

    def install(self) -> None:
        """Takes over imports; the worker's own modules can no longer be imported after this."""
        self.packages.first = [self]
        self.packages.install()
        sys.modules["__main__"] = types.ModuleType("__main__")

    @property
    def given(self) -> types.ModuleType:
        """The lab's module."""
        if self._given is None:
            importlib.import_module(GIVEN)
        assert self._given is not None
        return self._given

    def note(self, text: str) -> None:
        """Remembers something that the student should know."""
        text = clean(text, 300)
        if text not in self.notes:
            self.notes.append(text)

    def supplies(self, source: Source | None, name: str) -> str:
        """What a loaded text really supplies under a name: `attempt`, `stub` or `missing`."""
        if source is None or not source.loaded or name not in source.own_names:
            return "missing"
        state = self.sources.state(source, name)
        return "attempt" if state == "missing" else state

    def is_own(self, name: str) -> bool:
        """Whether a module's name is the lab's or the submission's, also where there is no such text."""
        name = name.removeprefix(f"{self.folder}.")
        return name == GIVEN or name in self.sources.files or name in self.sources.exercise_files

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
            source = self.sources.files[name]
            return self._spec(name, source.file, source.is_package)
        if name in self.sources.exercise_files and self.sources.notebook is not None:
            return self._spec(name, self.sources.notebook.file)
        if name == self.folder:
            return importlib.machinery.ModuleSpec(name, None, is_package=True)
        folder, _, inside = name.partition(".")
        if folder == self.folder and self.find_spec(inside) is not None:
            return importlib.machinery.ModuleSpec(name, Alias(inside))
        return None

    def _spec(self, name: str, origin: str, is_package: bool = False) -> importlib.machinery.ModuleSpec:
        spec = importlib.machinery.ModuleSpec(name, Loader(self), origin=origin, is_package=is_package)
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
        self._given = module
        _exec(_compile(self.given_text, GIVEN_FILE, "exec", dont_inherit=True), module.__dict__)
        if self.watch is not None:
            self.watched = self.watch(module)

    def _run_file(self, source: Source, module: types.ModuleType) -> None:
        source.module = module
        source.parse()
        if source.problem is not None:
            raise source.problem
        if source.from_ipython:
            self.note(f"{source.label} has lines that only IPython understands; they were left out")
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
            code = ast.Module([node for node in source.nodes if id(node) not in dropped], [])
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
        public = {n: x for n, x in self.given.__dict__.items() if getattr(x, "__module__", "") == GIVEN}
        source.module.__dict__.update(public, display=_display)
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
                package = missing_module(error)
                if item.imports and not self.is_own(package) and self.packages.make_placeholder(package):
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

    def load_notebook(self) -> types.ModuleType | None:
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
            if self.sources.state(source, name) == "attempt" or self.supplies(source, name) == "attempt":
                continue
            if self.sources.state(self.sources.notebook, name) == "attempt":
                notebook = self.load_notebook()
                if notebook is not None and name in notebook.__dict__:
                    source.module.__dict__[name] = notebook.__dict__[name]

    def _view_notebook(self, name: str, module: types.ModuleType) -> None:
        """An exercise that only the notebook holds, under its file's name."""
        notebook = self.load_notebook()

        def look(attribute: str) -> Any:
            try:
                return notebook.__dict__[attribute]
            except KeyError:
                raise AttributeError(f"module {name!r} has no attribute {attribute!r}") from None

        module.__dict__["__getattr__"] = look
        module.__dict__["__all__"] = [n for n in notebook.__dict__ if n[:1] != "_"] if notebook else []


def _display(*_: Any, **__: Any) -> None:
    """What IPython's `display` does where nobody looks."""


class Alias(importlib.abc.Loader):
    """A module of the submission under its folder's name: the same module, not another one."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        module.__spec__ = self.spec


class Loader(importlib.abc.InspectLoader):
    """Runs a module of the submission."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        self.modules.run(module)

    def is_package(self, fullname: str) -> bool:
        source = self.modules.sources.files.get(fullname)
        return source is not None and source.is_package

    def get_source(self, fullname: str) -> str:
        return self.modules.source_text(fullname)
