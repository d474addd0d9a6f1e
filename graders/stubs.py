"""Makes the students' assignment from the reference solutions: `python -m graders.stubs`, `make assignments`.

A solution marks what a student is to write, in nbgrader's way:

    def double(x):
        ### BEGIN SOLUTION
        return 2 * x
        ### END SOLUTION

In the stub a `raise NotImplementedError("...")` stands in the place of each region; all the rest is equal.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Sequence
from pathlib import Path

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
ASSIGNMENT = "lora_theory"
GIVEN_CODE = Path("lora_reference", "lab.py")

DEFINITION = re.compile(r"(?P<indent>[ \t]*)(?:async\s+)?(?:def|class)\s+(?P<name>\w+)")


def make_stub(solution: str) -> str:
    """The stub of a solution: each marked region becomes a `raise NotImplementedError`, indented as its mark.

    Raises ValueError, with the number of the line, where the marks do not pair up.
    """
    lines = solution.splitlines(keepends=True)
    stub: list[str] = []
    begun_at: int | None = None
    for number, line in enumerate(lines, start=1):
        mark = line.strip()
        if mark == BEGIN:
            if begun_at is not None:
                raise ValueError(f"line {number}: {BEGIN} within the solution begun at line {begun_at}")
            begun_at = number
            stub.append(placeholder(lines, number - 1))
        elif mark == END:
            if begun_at is None:
                raise ValueError(f"line {number}: {END} without {BEGIN}")
            begun_at = None
        elif begun_at is None:
            stub.append(line)
    if begun_at is not None:
        raise ValueError(f"line {begun_at}: {BEGIN} without {END}")
    return "".join(stub)


def placeholder(lines: Sequence[str], index: int) -> str:
    """The line that stands in the stub for the region whose mark is `lines[index]`."""
    indent = indentation(lines[index])
    name = enclosing_name(lines, index)
    todo = f"write {name} here" if name else "your code goes here"
    return f'{indent}raise NotImplementedError("{todo}")\n'


def enclosing_name(lines: Sequence[str], index: int) -> str:
    """The dotted name of the definition that holds `lines[index]`, as "Layer.forward"; "" outside of all."""
    names: list[str] = []
    depth = len(indentation(lines[index]))
    for line in reversed(lines[:index]):
        definition = DEFINITION.match(line)
        if definition and len(definition["indent"]) < depth:
            names.insert(0, definition["name"])
            depth = len(definition["indent"])
    return ".".join(names)


def indentation(line: str) -> str:
    """The white space that a line begins with."""
    return line[: len(line) - len(line.lstrip())]


def notebook_cell(text: str) -> tuple[str, str]:
    """What an exercise file says at its top, and its code as a notebook's cell: without the import of `lab` and
    the demonstration at its end. Marks of solutions stay.
    """
    tree, lines = ast.parse(text), text.splitlines()
    kept: list[str] = []
    for node in tree.body[1:]:
        imports_lab = isinstance(node, ast.ImportFrom) and node.module == "lab"
        demonstration = isinstance(node, ast.If) and "__name__" in ast.dump(node.test)
        if imports_lab or demonstration:
            continue
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        end = node.end_lineno or node.lineno
        while start and lines[start - 1].startswith("#"):
            start -= 1
        while end < len(lines) and lines[end].strip() == END:
            end += 1
        gap = [] if isinstance(node, ast.Import | ast.ImportFrom) else [""]
        kept += [*gap, *lines[start:end]]
    return ast.get_docstring(tree) or "", "\n".join(kept)


def assignment_files(root: Path, assignment: str = ASSIGNMENT) -> dict[Path, str]:
    """What `assignments/` should hold: the text of each file, by its path relative to the project's root."""
    target = Path("assignments", assignment)
    solutions = sorted((root / "reference_solutions" / assignment).glob("*.py"))
    if not solutions:
        raise FileNotFoundError(f"there are no solutions in {root / 'reference_solutions' / assignment}")
    files = {target / path.name: make_stub(path.read_text(encoding="utf-8")) for path in solutions}
    files[target / GIVEN_CODE.name] = (root / GIVEN_CODE).read_text(encoding="utf-8")
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the assignment and name each file that changed. Exit status 0, or 2 without solutions to read."""
    parser = argparse.ArgumentParser(prog="python -m graders.stubs", description="Write assignments/ anew.")
    here = Path(__file__).parents[1]
    parser.add_argument("root", nargs="?", type=Path, default=here, help="the project's folder")
    root: Path = parser.parse_args(arguments).root
    try:
        files = assignment_files(root)
    except (OSError, ValueError) as error:
        print(f"graders.stubs: {error}", file=sys.stderr)
        return 2
    for name, text in files.items():
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {name.as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
