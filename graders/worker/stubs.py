"""Tells an untouched stub from an attempt, by its syntax tree."""

from __future__ import annotations

import ast
from typing import Any

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions_of(text: str) -> dict[str, Definition]:
    """The functions and classes at the top of a stub's text, by name."""
    return {node.name: node for node in ast.parse(text).body if isinstance(node, Definition)}


def is_untouched(node: Definition, stub: Definition | None) -> bool:
    """Whether a definition is the stub still, or does nothing but raise NotImplementedError."""
    try:
        if stub is not None and _same(node, stub):
            return True
        if isinstance(node, ast.ClassDef):
            return _is_unwritten_class(node, stub)
        return not node.decorator_list and _is_unwritten(node.body)
    except RecursionError:
        return False


_UNSEEN = {"returns", "annotation", "type_comment", "kind", "ctx"}


def _same(a: Any, b: Any) -> bool:
    """Whether two trees are equal, but for docstrings and annotations."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, ast.AST):
        return all(_same(_part(a, name), _part(b, name)) for name in a._fields if name not in _UNSEEN)
    return bool(a == b)


def _part(node: ast.AST, name: str) -> Any:
    part = getattr(node, name, None)
    if name == "body" and isinstance(node, Definition):
        return [item for item in node.body if not _is_idle(item)]
    return part


def _is_unwritten(body: list[ast.stmt]) -> bool:
    """Only docstrings, `pass` and `...`, and then `raise NotImplementedError`."""
    return bool(body) and _raises(body[-1]) and all(_is_idle(item) for item in body[:-1])


def _is_unwritten_class(node: ast.ClassDef, stub: Definition | None) -> bool:
    """Nothing in it but methods that do nothing; a class derived from one of the student's own is theirs."""
    known = [ast.dump(base) for base in stub.bases] if isinstance(stub, ast.ClassDef) else []
    plain = all(ast.dump(base) in known or ast.unparse(base).endswith("Module") for base in node.bases)
    methods = [item for item in node.body if not _is_idle(item)]
    bodies = [item.body for item in methods if isinstance(item, ast.FunctionDef)]
    if not plain or node.decorator_list or len(bodies) < len(methods):
        return False
    raising = [_raises(body[-1]) for body in bodies]
    return any(raising) and all(_does_nothing(body) for body in bodies)


def _does_nothing(body: list[ast.stmt]) -> bool:
    return all(_is_idle(item) or _raises(item) or _calls_super(item) for item in body)


def _is_idle(item: ast.stmt) -> bool:
    return isinstance(item, ast.Pass) or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))


def _raises(item: ast.stmt) -> bool:
    if not isinstance(item, ast.Raise) or item.exc is None:
        return False
    error = item.exc.func if isinstance(item.exc, ast.Call) else item.exc
    return isinstance(error, ast.Name) and error.id == "NotImplementedError"


def _calls_super(item: ast.stmt) -> bool:
    if not isinstance(item, ast.Expr):
        return False
    call = item.value
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "__init__"
        and isinstance(call.func.value, ast.Call)
        and isinstance(call.func.value.func, ast.Name)
        and call.func.value.func.id == "super"
    )
