"""Changes that must change nothing: names, comments, a notebook for a file, unused code, the order of grading."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence

from graders.judge.box import Box
from tests.bank.entries import Entry
from tests.bank.ledger import Ledger, key_of
from tests.bank.running import TRAINS, effort_of, graded
from tests.graders.grading import EXERCISES

UNUSED = '''

_UNUSED_NUMBERS = {number: [number] * 3 for number in range(5)}


class _UnusedThing:
    """Nobody makes one."""

    unused = _UNUSED_NUMBERS[2]

    def unused_method(self, first, *others, **more):
        return [first, *others, more, self.unused]


def _unused_function(values, start=0):
    """Nobody calls it."""
    for value in values:
        start += value
    return start or _UnusedThing().unused_method(start)
'''
LOOKS_AT_NAMES = {"eval", "exec", "locals", "globals", "vars", "getattr", "setattr", "__name__"}


def handful(bank: Sequence[Entry]) -> list[Entry]:
    """Some correct and some wrong submissions of each exercise, evenly spread; fewer where they train."""
    found = []
    for exercise in EXERCISES:
        for kind, count in (("correct", 2), ("wrong", 5)):
            some = [entry for entry in bank if (entry.exercise, entry.kind) == (exercise, kind)]
            count = count - 1 if exercise == TRAINS else count
            found += [some[(2 * place + 1) * len(some) // (2 * count)] for place in range(count) if some]
    return found


def variants(entry: Entry) -> list[Entry]:
    """The entry told otherwise, in every way that its text allows; the label is the entry's id."""
    try:
        text = entry.text.decode()
        ast.parse(text)
    except (UnicodeDecodeError, SyntaxError):  # another encoding, or cannot be loaded on purpose
        return []
    told = {"renamed": renamed(text), "commented": commented(text), "with unused code": text + UNUSED}
    texts = {how: other for how, other in told.items() if other is not None}
    cells = () if "__main__" in text else as_cells(text)  # in a notebook that part is run
    found = [
        Entry(entry.exercise, "variant", f"{entry.name}: {how}", other.encode(), entry.id)
        for how, other in texts.items()
    ]
    if cells:
        found.append(Entry(entry.exercise, "variant", f"{entry.name}: a notebook", b"", entry.id, cells))
        back = "\n\n".join(cells).encode()
        found.append(Entry(entry.exercise, "variant", f"{entry.name}: a notebook and back", back, entry.id))
    return found


def renamed(text: str) -> str | None:
    """The text with other names for its local variables; None where it may look at names, or has none."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    if LOOKS_AT_NAMES & {node.id for node in nodes if isinstance(node, ast.Name)}:
        return None
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.Lambda))]
    local = {
        node.id
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } - set(_fixed(nodes))
    if not local:
        return None
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in local:
            node.id = f"{node.id}_renamed"
    return ast.unparse(tree)


def _fixed(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that somebody else may use, or that stand in the tree as plain text."""
    yield from dir(builtins)
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            yield node.name or ""
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        if isinstance(node, ast.ClassDef):  # what its body stores are attributes
            attributes = [item for item in node.body if not isinstance(item, ast.FunctionDef)]
            yield from (
                part.id for item in attributes for part in ast.walk(item) if isinstance(part, ast.Name)
            )


def commented(text: str) -> str:
    """The text with a blank line and a remark before each statement."""
    tree = ast.parse(text)
    lines = text.splitlines()
    starts = {node.lineno: node.col_offset for node in ast.walk(tree) if isinstance(node, ast.stmt)}
    for number, indent in sorted(starts.items(), reverse=True):
        if lines[number - 1][:indent].strip() == "":
            lines[number - 1 : number - 1] = ["", f"{' ' * indent}# TODO: is 'this' \"right\"?  # noqa"]
    other = "\n".join(lines) + "\n"
    return other if ast.dump(ast.parse(other)) == ast.dump(tree) else text + "\n# a remark\n"


def as_cells(text: str) -> tuple[str, ...]:
    """The text as a notebook's cells, one for each statement; the remarks before it go with it."""
    ends = [statement.end_lineno or 0 for statement in ast.parse(text).body]
    lines = text.splitlines()
    return tuple(
        "\n".join(lines[start:end]) for start, end in zip([0, *ends], ends, strict=False) if end > start
    )


def differing(bank: Sequence[Entry], told: Sequence[Entry], ledger: Ledger) -> list[str]:
    """Variants that were not graded as what they were made of."""
    original = {entry.id: entry for entry in bank}
    found = []
    for variant in told:
        base = original[variant.label]
        one, other = (ledger.results.get(key_of(entry, 1, effort_of(entry, 1))) for entry in (base, variant))
        if one and other and (what := difference(one, other)):
            found.append(f"{variant.id}: {what}")
    return found


def difference(one: dict[str, object], other: dict[str, object]) -> str:
    """What two gradings do not share, of statuses and points; empty where they are equal."""
    names = [name for name in ("crash", "status", "score", "outcomes") if one.get(name) != other.get(name)]
    return "; ".join(f"{name} {one.get(name)} became {other.get(name)}" for name in names)


def in_another_order(some: Sequence[Entry], ledger: Ledger, box: Box) -> list[str]:
    """Entries that are graded otherwise when they are graded last first, one at a time, in this process."""
    found = []
    for entry in reversed(some):
        known = ledger.results.get(key_of(entry, 1, effort_of(entry, 1)))
        if known and (what := difference(known, graded(entry, 1, effort_of(entry, 1), box))):
            found.append(f"{entry.id}: {what}")
    return found
