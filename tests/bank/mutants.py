"""Mutants of the reference solutions: one small change each, made on the syntax tree, always the same ones."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
Change = Callable[[ast.AST], "ast.AST | None"]  # None takes a statement away


@dataclass(frozen=True)
class Mutant:
    """One change: where, what, and the whole text with it."""

    id: str  # "line:column kind"
    text: str
    line: str  # the changed line


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a text that parses and differs from it, in order."""
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    alone = left_alone(tree)
    found: dict[str, Mutant] = {}  # by text: two changes may come to the same
    times: Counter[str] = Counter()  # an expression and its first part begin at the same place
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in alone:
            continue
        for kind, change in changes(node):
            text = changed(tree, place, change)
            if text is not None and text != plain and text not in found:
                where = f"{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)} {kind}"
                times[where] += 1
                again = f" ({times[where]})" if times[where] > 1 else ""
                found[text] = Mutant(where + again, text, difference(plain, text))
    return list(found.values())


def difference(before: str, after: str) -> str:
    """The first line that is another one now, or that is gone; what it was where it says little by itself."""
    old, new = before.splitlines(), after.splitlines()
    at = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(new))
    if len(new) < len(old) or new[at].strip() == "pass":
        return f"gone: {old[at].strip()}"
    line = new[at].strip()
    return line + (f"  # was {old[at].strip()}" if line.isidentifier() else "")


def changed(tree: ast.AST, place: int, change: Change) -> str | None:
    """The text with the node at `place` (in the order of `ast.walk`) changed."""
    other = copy.deepcopy(tree)
    target = list(ast.walk(other))[place]
    for parent in ast.walk(other):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, change(target))
            elif isinstance(value, list) and target in value:
                at = next(i for i, item in enumerate(value) if item is target)
                result = change(target)
                value[at : at + 1] = (
                    [result] if result is not None else ([] if len(value) > 1 else [ast.Pass()])
                )
            else:
                continue
            try:
                text = ast.unparse(ast.fix_missing_locations(other))
                ast.parse(text)
            except (SyntaxError, ValueError, AttributeError, TypeError):
                return None
            return text
    return None


def left_alone(tree: ast.AST) -> set[int]:
    """Ids of the nodes where no change can matter: docstrings, annotations, imports, messages, demonstrations."""
    alone: set[int] = set()
    for node in ast.walk(tree):
        skipped: ast.AST | None = None
        if (
            isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr))
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            or (isinstance(node, ast.If) and "__name__" in ast.dump(node.test))
        ):
            skipped = node
        elif isinstance(node, ast.Raise):
            skipped = node.exc  # the statement itself may go
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            skipped = node.annotation
        elif isinstance(node, ast.FunctionDef):
            skipped = node.returns
        if skipped is not None:
            alone |= {id(inner) for inner in ast.walk(skipped)}
    return alone


def changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """The kinds of change that a node allows."""
    if type(node) in OPERATORS:
        return
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        yield f"{type(node.op).__name__} swapped", lambda n: with_(n, op=OPERATORS[type(n.op)]())  # type: ignore[attr-defined]
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        yield "right side dropped", lambda n: n.left  # type: ignore[attr-defined]
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield (
            f"{type(node.ops[0]).__name__} swapped",
            lambda n: with_(n, ops=[OPERATORS[type(n.ops[0])](), *n.ops[1:]]),
        )  # type: ignore[attr-defined]
    if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield "sign or not dropped", lambda n: n.operand  # type: ignore[attr-defined]
    if isinstance(node, ast.Constant):
        yield from constants(node)
    if isinstance(node, ast.Call):
        yield from calls(node)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield ".T dropped", lambda n: n.value  # type: ignore[attr-defined]
    if isinstance(node, ast.Return) and node.value is not None:
        yield "returns None", lambda n: ast.Return(ast.Constant(None))
    if isinstance(node, (ast.If, ast.IfExp)):
        yield "condition negated", lambda n: with_(n, test=ast.UnaryOp(ast.Not(), n.test))  # type: ignore[attr-defined]
    if isinstance(node, ast.For):
        yield "only the first", lambda n: with_(n, iter=first_of(n.iter))  # type: ignore[attr-defined]
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield "subscript dropped", lambda n: n.value  # type: ignore[attr-defined]
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Raise)) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield "statement dropped", lambda n: None
    if isinstance(node, ast.FunctionDef):
        yield from ignored_arguments(node)


def constants(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    """Other values of a constant."""
    value = node.value
    if isinstance(value, bool):
        yield "flipped", lambda n: ast.Constant(not value)
    elif isinstance(value, int):
        yield "plus 1", lambda n: ast.Constant(value + 1)
        yield "minus 1", lambda n: ast.Constant(value - 1)
    elif isinstance(value, float):
        yield "doubled", lambda n: ast.Constant(2 * value)
    elif isinstance(value, str) and value:
        yield "other text", lambda n: ast.Constant(f"{value}_")


def calls(node: ast.Call) -> Iterator[tuple[str, Change]]:
    """Calls left out, and arguments of calls left out."""
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield "call dropped", lambda n: n.args[0]  # type: ignore[attr-defined]
    if isinstance(node.func, ast.Attribute):
        yield "method dropped", lambda n: n.func.value  # type: ignore[attr-defined]
    for at, keyword in enumerate(node.keywords):
        yield (
            f"{keyword.arg} left out",
            lambda n, at=at: with_(n, keywords=[*n.keywords[:at], *n.keywords[at + 1 :]]),
        )  # type: ignore[misc]
    if len(node.args) > 1:
        yield "last argument left out", lambda n: with_(n, args=n.args[:-1])  # type: ignore[attr-defined]


def ignored_arguments(node: ast.FunctionDef) -> Iterator[tuple[str, Change]]:
    """Each argument always has its default, or takes the value of the one after it (the last: of the one before)."""
    names = [argument.arg for argument in node.args.args if argument.arg != "self"]
    defaults = dict(zip(names[len(names) - len(node.args.defaults) :], node.args.defaults, strict=True))
    for name, default in defaults.items():
        yield f"{name} ignored", lambda n, name=name, value=default: with_first(n, name, value)  # type: ignore[misc]
    for name, other in zip(names, [*names[1:], *names[-2:-1]], strict=False):
        value = ast.Name(other, ast.Load())
        yield f"{name} is {other}", lambda n, name=name, value=value: with_first(n, name, value)  # type: ignore[misc]


def with_(node: ast.AST, **fields: object) -> ast.AST:
    """The node with other fields."""
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def with_first(function: ast.AST, name: str, value: ast.expr) -> ast.AST:
    """The function with `name = value` at its start, after its docstring."""
    assert isinstance(function, ast.FunctionDef)
    start = int(ast.get_docstring(function) is not None)
    function.body.insert(start, ast.Assign([ast.Name(name, ast.Store())], value))
    return function


def first_of(iterable: ast.expr) -> ast.expr:
    """`list(iterable)[:1]`."""
    listed = ast.Call(ast.Name("list", ast.Load()), [iterable], [])
    return ast.Subscript(listed, ast.Slice(None, ast.Constant(1), None), ast.Load())
