"""The student's texts, one for each file and one for the notebook: parsed, stubs told from attempts."""

from __future__ import annotations

import ast
import functools
import importlib.util
import linecache
import types
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import notebook, statements, stubs
from .statements import Statement

FOLDER = "<submission>/"


@dataclass
class Source:
    """One text of the student: where it comes from, what it says, and the module that it became."""

    module_name: str
    label: str
    data: bytes
    is_notebook: bool = False
    is_package: bool = False
    text: str = ""
    nodes: list[ast.stmt] = field(default_factory=list)
    cells: list[notebook.Cell] = field(default_factory=list)
    problem: BaseException | None = None  # why it could not be parsed
    module: types.ModuleType | None = None
    loaded: bool = False
    own_names: frozenset[str] = frozenset()  # what was there when it had run, before anything was added
    failed: dict[str, tuple[str, BaseException]] = field(default_factory=dict)
    parsed: bool = False
    from_ipython: bool = False  # a file of which lines that only IPython understands were left out
    _statements: list[Statement] | None = None

    @property
    def file(self) -> str:
        """The pseudo path of the text, as tracebacks and `inspect` know it."""
        return FOLDER + self.label

    @property
    def package(self) -> str:
        """The package that its relative imports start from."""
        return self.module_name if self.is_package else self.module_name.rpartition(".")[0]

    @property
    def statements(self) -> list[Statement]:
        if self._statements is None:
            self.parse()
            self._statements = statements.statements(self.nodes, self.file)
        return self._statements

    def parse(self) -> None:
        """Text and syntax tree; what cannot be read or parsed becomes the `problem`."""
        if self.parsed:
            return
        self.parsed = True
        try:
            if self.is_notebook:
                self.cells = notebook.code_cells(self.data)
                self.nodes = [node for cell in self.cells for node in cell.statements]
                self.text = "\n".join(cell.text for cell in self.cells)
            else:
                self.text = decode(self.data)
                self.nodes = self._parsed()
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.problem = error.with_traceback(None)
        remember(self.file, self.text)

    def _parsed(self) -> list[ast.stmt]:
        """A file's statements; lines of IPython, as an exported notebook has them, are made harmless."""
        try:
            return ast.parse(self.text, self.file).body
        except SyntaxError:
            text, tree, _ = notebook.plainly(self.text)
            if tree is None:
                raise
            self.text, self.from_ipython = text, True
            return tree.body

    def place(self, line: int) -> tuple[str, int, str]:
        """Where a line of the text stands, in the student's own numbers, and the line."""
        lines = self.text.split("\n")
        code = lines[line - 1] if 0 < line <= len(lines) else ""
        for cell in reversed(self.cells):
            if cell.first_line <= line:
                return f"code cell {cell.number}", line - cell.first_line + 1, code
        return self.label, line, code


def decode(data: bytes) -> str:
    """A Python file's text, as Python itself would read it."""
    if b"\0" in data:
        raise SyntaxError("source code cannot contain null bytes")
    try:
        return importlib.util.decode_source(data)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SyntaxError(f"'{error.encoding}' codec can't decode the bytes in line {line}") from None


def remember(file: str, text: str) -> None:
    """Keeps a text where tracebacks and `inspect` look; without a time it is never looked for on disk."""
    linecache.cache[file] = (len(text), None, [line + "\n" for line in text.split("\n")], file)


def modules_of(files: Mapping[str, bytes], notebook: bytes) -> dict[str, Source]:
    """The files by the module that each is: `a/b.py` is `a.b`, a folder is a package.

    Where a text changes `sys.path`, a file in a folder is found by its own name too, if that is clear.
    """
    found: dict[str, Source] = {}
    for path in sorted(files, key=lambda path: path.count("/")):
        parts = path.removesuffix(".py").split("/")
        is_package = len(parts) > 1 and parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Source(name, path, files[path], is_package=is_package)
        for end in range(1, len(parts) - is_package):
            package = ".".join(parts[:end])
            found.setdefault(package, Source(package, f"{'/'.join(parts[:end])}/__init__.py", b""))
            found[package].is_package = True
    if any(b"sys.path" in text for text in (*files.values(), notebook)):
        alone = [source for source in found.values() if "/" in source.label and not source.is_package]
        for source in alone:
            name = source.module_name.rpartition(".")[2]
            if [other.module_name.rpartition(".")[2] for other in alone].count(name) == 1:
                found.setdefault(name, Source(name, source.label, source.data))
    return found


class Sources:
    """All texts of a submission, and what is to be found in which."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        notebook_data: bytes | None,
        exercise_files: Mapping[str, list[str]],
        stub_texts: Mapping[str, str],
    ) -> None:
        self.files = modules_of(files, notebook_data or b"")
        self.notebook = None
        if notebook_data is not None:
            self.notebook = Source("__main__", "notebook.ipynb", notebook_data, is_notebook=True)
        self.exercise_files = exercise_files
        self.exercise_names = {name for names in exercise_files.values() for name in names}
        self.stub_texts = stub_texts
        self._untouched: dict[int, bool] = {}

    @functools.cached_property
    def handed_out(self) -> dict[str, stubs.Definition]:
        """The definitions that were handed out, by name."""
        texts = self.stub_texts.values()
        return {name: node for text in texts for name, node in stubs.definitions_of(text).items()}

    @property
    def all(self) -> list[Source]:
        return [*self.files.values(), *([self.notebook] if self.notebook else [])]

    def place(self, file: str, line: int) -> tuple[str, int, str] | None:
        """The student's place of a code object's file and line; None where it is not their text."""
        source = next((source for source in self.all if source.file == file), None)
        return source.place(line) if source else None

    # ------------------------------------------------------------------------------ attempts and stubs

    def state(self, source: Source | None, name: str, asked: tuple[str, ...] = ()) -> str:
        """Whether a text holds an `attempt` at a name, an untouched `stub`, or nothing (`missing`)."""
        if source is None or source.module_name in asked:
            return "missing"
        asked = (*asked, source.module_name)
        states = {self._bound_as(item, name, source, asked) for item in source.statements}
        if "stub" in states and self._is_changed(source, name):
            return "attempt"
        return "attempt" if "attempt" in states else "stub" if "stub" in states else "missing"

    def _bound_as(self, item: Statement, name: str, source: Source, asked: tuple[str, ...]) -> str:
        node = item.node
        if isinstance(node, stubs.Definition):
            if node.name != name:
                return "missing"
            return "stub" if self._is_untouched(node) else "attempt"
        if isinstance(node, ast.ImportFrom):
            return self._imported_as(node, name, imported_module(node, source), asked)
        return "attempt" if name in item.binds else "missing"

    def _imported_as(self, node: ast.ImportFrom, name: str, module: str, asked: tuple[str, ...]) -> str:
        for alias in node.names:
            if name != (alias.asname or alias.name) and alias.name != "*":
                continue
            original = name if alias.name == "*" else alias.name
            source = self.files.get(module)
            if source is None and module in self.exercise_files:
                return self.state(self.notebook, original, asked)
            if source is None:
                return "missing" if alias.name == "*" else "attempt"
            found = self.state(source, original, asked)
            if found != "attempt" and module in self.exercise_files:
                found = max(found, self.state(self.notebook, original, asked), key=_STRENGTH.index)
            return found
        return "missing"

    def without_stubs(self, source: Source, names: set[str]) -> list[Statement]:
        """The text's statements without the untouched stubs of `names`."""
        names = {name for name in names if not self._is_changed(source, name)}
        return [item for item in source.statements if not self._is_stub_of(item, names)]

    def _is_changed(self, source: Source, name: str) -> bool:
        """Whether a text puts something into a definition: `Layer.forward = ...`, or `@add_to(Layer)`."""
        return any(name in item.stores_into or name in item.added_to for item in source.statements)

    def _is_stub_of(self, item: Statement, names: set[str]) -> bool:
        node = item.node
        return isinstance(node, stubs.Definition) and node.name in names and self._is_untouched(node)

    def _is_untouched(self, node: stubs.Definition) -> bool:
        if id(node) not in self._untouched:
            self._untouched[id(node)] = stubs.is_untouched(node, self.handed_out.get(node.name))
        return self._untouched[id(node)]

    # ----------------------------------------------------------------------------- who refers to what

    def imported_from(self, module: str) -> set[str]:
        """The names that the texts import from a module (over-estimated where they import it as a whole)."""
        names: set[str] = set()
        for source in self.all:
            for item in source.statements:
                for node in ast.walk(item.node):
                    names |= _imported(node, module, source)
        return names


_STRENGTH = ["missing", "stub", "attempt"]


def imported_module(node: ast.ImportFrom, source: Source) -> str:
    """The module from which a text imports; empty where a relative import leads nowhere."""
    try:
        return importlib.util.resolve_name("." * node.level + (node.module or ""), source.package)
    except ImportError:
        return ""


def _imported(node: ast.AST, module: str, source: Source) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        origin, names = imported_module(node, source), {alias.name for alias in node.names}
        if origin == module:
            return _identifiers(source) if "*" in names else names
        if any(f"{origin}.{name}" == module for name in names):
            return _identifiers(source)
    if isinstance(node, ast.Import) and any(
        f"{alias.name}.".startswith(f"{module}.") for alias in node.names
    ):
        return _identifiers(source)
    return set()


def _identifiers(source: Source) -> set[str]:
    nodes = [node for item in source.statements for node in ast.walk(item.node)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
