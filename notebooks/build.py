"""Makes the students' notebook from its source, the lab's given code and the stubs: `python -m notebooks.build`.

A cell `# %% given: NAME` becomes NAME's definition in `lora_reference/lab.py`, a cell `# %% exercise: ID` the stub
`assignments/lora_theory/ID.py` (or the solution), a cell `# %% check: ID` the call of the kit's checker, so that
nothing is written twice.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from graders import stubs

ROOT = Path(__file__).parents[1]
LAB = ROOT / "lora_reference" / "lab.py"
SOLUTIONS = ROOT / "reference_solutions" / "lora_theory"
RELEASED = ROOT / "assignments" / "lora_theory" / "lora_theory.ipynb"


def lab_notebook(solved: bool = False) -> NotebookNode:
    """The students' notebook: with the stubs, or with the reference solutions in their places."""
    notebook = read(Path(__file__).parent / "lora_theory.py")
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        kind, _, name = cell.metadata.pop("title", "").partition(": ")
        if kind == "given":
            cells.append(code(given(name), f"given-{name}"))
        elif kind == "exercise":
            text, rest = exercise(name, solved)
            cells += [markdown(f"```text\n{text}\n```", f"about-{name}"), code(rest, f"exercise-{name}")]
        elif kind == "check":
            cells.append(code(CHECK.format(name=name), f"check-{name}"))
        else:
            cells.append(cell)
    return numbered(notebook, cells)


def read(path: Path) -> NotebookNode:
    """A notebook from its source in the percent format."""
    notebook: NotebookNode = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata.pop("jupytext", None)
    return notebook


def numbered(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """The notebook with these cells, whose ids are the same in every build."""
    for number, cell in enumerate(cells, start=1):
        if not cell.id.startswith(("given-", "about-", "exercise-", "check-")):
            cell.id = f"{cell.cell_type}-{number}"
    notebook.cells = cells
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def code(text: str, id_: str) -> NotebookNode:
    return nbformat.v4.new_code_cell(text.strip(), id=id_)


def markdown(text: str, id_: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text, id=id_)


def given(name: str) -> str:
    """NAME's definition in the lab's given code, with the constants that it alone needs."""
    source = LAB.read_text(encoding="utf-8")
    lines = source.splitlines()
    parts = []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
            parts.append("\n".join(lines[node.lineno - 1 : node.end_lineno]))
    if not parts:
        raise ValueError(f"{LAB.name} defines no {name}")
    for node in ast.parse(source).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in parts[0]
        ):
            parts.insert(0, "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n\n")
    return "\n".join(parts)


def exercise(name: str, solved: bool) -> tuple[str, str]:
    """What the stub, or the solution, says at its top, and its code as a cell."""
    solution = (SOLUTIONS / f"{name}.py").read_text(encoding="utf-8")
    return stubs.notebook_cell(without_marks(solution) if solved else stubs.make_stub(solution))


CHECK = """# Is it right? `check` comes with the kit: its folder `loralab_check` lies beside this notebook.
try:
    from loralab_check import check
except ImportError:
    print("loralab_check does not lie beside this notebook, so nothing is checked here.")
else:
    check("{name}")"""


def without_marks(solution: str) -> str:
    """The solution without nbgrader's marks."""
    return re.sub(
        rf"^[ \t]*({re.escape(stubs.BEGIN)}|{re.escape(stubs.END)})[ \t]*\n", "", solution, flags=re.MULTILINE
    )


def main() -> int:
    """Write the students' notebook; with `--check` only say whether it is up to date."""
    options = argparse.ArgumentParser(prog="python -m notebooks.build", description=__doc__)
    options.add_argument("--check", action="store_true")
    chosen = options.parse_args()
    text = nbformat.writes(lab_notebook()) + "\n"
    fresh = RELEASED.exists() and RELEASED.read_text(encoding="utf-8") == text
    if chosen.check:
        return 0 if fresh else 1
    RELEASED.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
