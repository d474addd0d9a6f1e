"""What each top-level statement of a text binds, changes and refers to: found without running it."""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_COMPOUND = (ast.If, ast.Try, ast.TryStar, ast.With, ast.ExceptHandler)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Statement:
    """One top-level statement. `defines`: an import or a definition, which runs in any case."""

    node: ast.stmt
    code: types.CodeType | None  # None where it cannot be compiled alone
    problem: str
    binds: frozenset[str]
    stores_into: frozenset[str]  # X of `X.a = ...` and `X[0] = ...`
    calls_on: frozenset[str]  # X of a bare `X.append(...)`
    calls: frozenset[tuple[str, frozenset[str]]]  # f of a bare `f(x, ...)`, and the names that it is given
    hangs_on: frozenset[str]  # decorators and base classes
    added_to: frozenset[str]  # X of a decorator `@f(X)`
    defines: bool
    imports: bool

    @functools.cached_property
    def loads(self) -> frozenset[str]:
        """The global names that it refers to, at whatever depth."""
        return frozenset[str]().union(*(_names(part, *_LOADS) for part in _nested(self.code)))

    @functools.cached_property
    def changes(self) -> frozenset[str]:
        """The global names that its functions assign, or what they hold of which they change."""
        assigned = (_names(part, "STORE_GLOBAL") for part in _nested(self.code))
        return frozenset[str]().union(*assigned, self._changes_inside & self.loads)

    @functools.cached_property
    def changes_arguments(self) -> bool:
        """Whether it is a function that changes what it is given."""
        if not isinstance(self.node, ast.FunctionDef):
            return False
        arguments = self.node.args
        return any(
            part.arg in self._changes_inside
            for part in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        )

    @functools.cached_property
    def _changes_inside(self) -> frozenset[str]:
        nodes = list(ast.walk(self.node)) if isinstance(self.node, _DEFINITIONS) else []
        return frozenset((*_stored_into(nodes), *_called_on(nodes)))


def statements(nodes: Iterable[ast.stmt], file: str) -> list[Statement]:
    """The top-level statements in order, with main guards taken away."""
    flags = 0
    result = []
    for node in unguarded(nodes):
        flags |= _future_flags(node)
        result.append(_statement(node, file, flags))
    return result


def unguarded(nodes: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, with the `else` part of `if __name__ == "__main__":` in its place."""
    for node in nodes:
        if isinstance(node, ast.If) and _is_main_guard(node.test):
            yield from unguarded(node.orelse)
        else:
            yield node


def _is_main_guard(test: ast.expr) -> bool:
    parts = list(ast.walk(test))
    names = any(isinstance(part, ast.Name) and part.id == "__name__" for part in parts)
    return names and any(isinstance(part, ast.Constant) and part.value == "__main__" for part in parts)


def _future_flags(node: ast.stmt) -> int:
    if not isinstance(node, ast.ImportFrom) or node.module != "__future__":
        return 0
    features = [getattr(__future__, alias.name, None) for alias in node.names]
    return sum(feature.compiler_flag for feature in features if feature is not None)


def _statement(node: ast.stmt, file: str, flags: int) -> Statement:
    code, problem = None, ""
    try:
        code = compile(ast.Module([node], []), file, "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        problem = error.msg
    except (ValueError, RecursionError, MemoryError):
        problem = "it cannot be compiled"
    shallow = list(_shallow(node))
    return Statement(
        node=node,
        code=code,
        problem=problem,
        binds=_names(code, "STORE_NAME", "STORE_GLOBAL") if code else frozenset(),
        stores_into=frozenset(_stored_into(shallow)),
        calls_on=frozenset(_called_on(shallow)),
        calls=frozenset(_called(shallow)),
        hangs_on=frozenset(_hangs_on(node)),
        added_to=frozenset(_added_to(node)),
        defines=_defines(node),
        imports=any(isinstance(part, _IMPORTS) for part in shallow),
    )


_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")


def _names(code: types.CodeType, *operations: str) -> frozenset[str]:
    return frozenset(
        step.argval
        for step in dis.get_instructions(code)
        if step.opname in operations and isinstance(step.argval, str)
    )


def _nested(code: types.CodeType | None) -> Iterator[types.CodeType]:
    waiting = [] if code is None else [code]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += [constant for constant in part.co_consts if isinstance(constant, types.CodeType)]


def _shallow(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below a statement, without the insides of functions and classes."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, _SCOPES):
            waiting += ast.iter_child_nodes(part)


def _root(node: ast.AST) -> str:
    """X of `X.a[0].b(...).c`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _stored_into(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield _root(node)
        elif isinstance(node, ast.Call) and _root(node.func) in ("setattr", "delattr") and node.args:
            yield _root(node.args[0])


def _bare_calls(nodes: list[ast.AST]) -> Iterator[ast.Call]:
    """Calls that stand as a statement, or as what a bare comprehension repeats."""
    for node in nodes:
        if not isinstance(node, ast.Expr):
            continue
        value: ast.AST = node.value
        if isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            value = value.elt
        if isinstance(value, ast.Call):
            yield value


def _called_on(nodes: list[ast.AST]) -> Iterator[str]:
    return (_root(call.func) for call in _bare_calls(nodes) if isinstance(call.func, ast.Attribute))


def _called(nodes: list[ast.AST]) -> Iterator[tuple[str, frozenset[str]]]:
    for call in _bare_calls(nodes):
        if isinstance(call.func, ast.Name):
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            yield call.func.id, frozenset(part.id for part in given if isinstance(part, ast.Name))


def _hangs_on(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _DEFINITIONS):
        yield from (_root(decorator) for decorator in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        yield from (_root(base) for base in node.bases)
        yield from (_root(keyword.value) for keyword in node.keywords)


def _added_to(node: ast.stmt) -> Iterator[str]:
    for decorator in node.decorator_list if isinstance(node, _DEFINITIONS) else ():
        if isinstance(decorator, ast.Call):
            yield from (part.id for part in decorator.args if isinstance(part, ast.Name))


def _defines(node: ast.AST) -> bool:
    """An import or a definition, or an `if`, `try` or `with` that holds one."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, _DEFINITIONS + _IMPORTS):
            return True
        if isinstance(part, _COMPOUND):
            waiting += ast.iter_child_nodes(part)
    return False


def needed(all_statements: list[Statement], roots: Iterable[str]) -> set[str]:
    """All names that the roots refer to, directly or through other names of the same text."""
    names = set(roots)
    assigned = _assigned(all_statements)
    functions = _changing(all_statements)
    while True:
        before = len(names)
        for item in all_statements:
            if touches(item, names, assigned, functions):
                names |= item.loads
            elif item.defines and _registers(item, all_statements, names):
                names |= item.binds | item.loads
        if len(names) == before:
            return names


def _registers(item: Statement, all_statements: list[Statement], names: set[str]) -> bool:
    """Whether a definition hangs on a decorator or base of this text that has to do with the names."""
    for other in all_statements:
        hangs = other.binds & item.hangs_on and not other.imports
        if hangs and (other.binds & names or other.loads & names & _assigned(all_statements)):
            return True
    return False


def to_run(all_statements: list[Statement], names: set[str]) -> list[Statement]:
    """The imports and definitions, and of the rest only what binds or changes one of the names."""
    assigned = _assigned(all_statements)
    functions = _changing(all_statements)
    return [item for item in all_statements if item.defines or touches(item, names, assigned, functions)]


def _assigned(all_statements: list[Statement]) -> frozenset[str]:
    return frozenset[str]().union(*(item.binds for item in all_statements if not item.defines))


def _changing(all_statements: list[Statement]) -> dict[str, Statement]:
    """The functions that change globals or their arguments, by name."""
    found = (item for item in all_statements if item.changes or item.changes_arguments)
    return {name: item for item in found for name in item.binds}


def touches(
    item: Statement, names: set[str], assigned: frozenset[str], functions: dict[str, Statement]
) -> bool:
    """Whether a statement binds or changes one of the names."""
    if item.binds & names or item.stores_into & names or item.calls_on & names & assigned:
        return True
    for function, given in item.calls:
        called = functions.get(function)
        if called and (called.changes & names or (called.changes_arguments and given & names & assigned)):
            return True
    return False
