"""Makes of whatever was handed in a notebook that nbgrader can handle: each graded cell once, nothing malformed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, Notebook

from graders.doors.nbgrader import cells
from graders.feedback.untrusted import visible
from graders.grade import assignments
from graders.run import Submission

NOTHING = "# Nothing was handed in for this exercise."
LIMIT = 400_000  # characters of one cell that are shown


def tidy(submission: Submission, gradebook: Gradebook) -> NotebookNode:
    """The submission as one notebook. A file stands in its exercise's cell; the rest is the handed-in notebook's.

    Copied, split, reordered, deleted and renamed cells, and lost metadata, all end in the same form: behind each answer
    the cell with its points. Cells that an instructor added to the assignment are kept where their ids are.
    """
    graded = gradebook.find_notebook(submission.assignment, submission.assignment)
    found = cells_of(submission)
    known = {
        name: names for name, names in definitions(submission.assignment).items() if is_graded(graded, name)
    }
    ours = {*known, *map(cells.points_id, known)}
    others = [
        cell.name for cell in graded.source_cells if is_graded(graded, cell.name) and cell.name not in ours
    ]
    points = {cells.points_id(name) for name in known}
    found = [cell for cell in found if cells.grade_id(cell) not in points]
    answers = {name: _answer(found, name, names) for name, names in known.items()}
    mine = {name: _last(found, name) for name in others}
    made: list[NotebookNode] = []
    for number, cell in enumerate(found):
        here: list[NotebookNode] = []  # a cell with several answers stands once for each
        for name in (name for name, place in mine.items() if place == number):
            here.append(_made(cell))
            here[-1].metadata["nbgrader"] = _metadata(graded, name)
        for name in (name for name, place in answers.items() if place == number):
            here += _pair(_with_file(_made(cell), submission, name), graded, name)
        made += here or [_made(cell)]
    for name in (name for name, place in answers.items() if place is None):
        made += _pair(_with_file(nbformat.v4.new_code_cell(NOTHING), submission, name), graded, name)
    for name in (name for name, place in mine.items() if place is None):
        made.append(_source(graded, name))
    for number, cell in enumerate(made, start=1):
        cell.id = cells.grade_id(cell) or f"cell-{number}"
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=made)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def cells_of(submission: Submission) -> list[cells.Cell]:
    """The handed-in notebook's cells, as far as they are cells; the released one's where only files were handed in."""
    if submission.notebook is None:
        return list(cells.released_notebook(submission.assignment)["cells"])
    try:
        data = json.loads(submission.notebook.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        text = f"The notebook could not be read: {visible(error)}"
        return [{"cell_type": "raw", "source": text, "metadata": {}}]
    sheets = data.get("worksheets") if isinstance(data, dict) else None
    parts = [data, *(sheets if isinstance(sheets, list) else [])]
    lists = [part.get("cells") for part in parts if isinstance(part, dict)]
    return [cell for some in lists if isinstance(some, list) for cell in some if isinstance(cell, dict)]


def text_of(cell: cells.Cell) -> str:
    """A cell's text, however its notebook's format stores it."""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source[:LIMIT] if isinstance(source, str) else ""


def definitions(assignment: str) -> dict[str, tuple[str, ...]]:
    """What each exercise of an assignment asks for, by its id."""
    return {exercise.id: exercise.defines for exercise in assignments()[assignment].exercises}


def is_graded(graded: Notebook, name: str) -> bool:
    """Whether nbgrader keeps points or a comment for a cell of this id."""
    return any(
        cell.name == name for cell in [*graded.grade_cells, *graded.solution_cells, *graded.task_cells]
    )


def _made(cell: cells.Cell) -> NotebookNode:
    """A well-formed cell with the same text, without outputs and metadata."""
    text, kind = text_of(cell), cell.get("cell_type")
    made: NotebookNode
    if kind == "code":
        made = nbformat.v4.new_code_cell(text)
    elif kind == "raw":
        made = nbformat.v4.new_raw_cell(text)
    else:
        made = nbformat.v4.new_markdown_cell(text)
    attached = cell.get("attachments")
    if kind == "markdown" and isinstance(attached, dict):
        made["attachments"] = {name: item for name, item in attached.items() if isinstance(item, dict)}
    return made


def _answer(found: Sequence[cells.Cell], name: str, names: tuple[str, ...]) -> int | None:
    """Where an exercise's answer stands: the last cell that defines what it asks for, or else that has its id."""
    code = [number for number, cell in enumerate(found) if cell.get("cell_type") == "code"]
    defining = [number for number in code if cells.defines(text_of(found[number]), names)]
    named = [number for number in code if cells.grade_id(found[number]) == name]
    return [*named, *defining][-1] if named or defining else None


def _last(found: Sequence[cells.Cell], name: str) -> int | None:
    named = [number for number, cell in enumerate(found) if cells.grade_id(cell) == name]
    return named[-1] if named else None


def _with_file(cell: NotebookNode, submission: Submission, name: str) -> NotebookNode:
    """The answer's cell; where its exercise was handed in as a file, that file's text counts."""
    data = submission.files.get(f"{name}.py")
    if data is not None:
        cell.source = f"# {name}.py\n{data.decode('utf-8', 'replace')[:LIMIT]}"
    return cell


def _pair(answer: NotebookNode, graded: Notebook, name: str) -> list[NotebookNode]:
    """An answer with its metadata, and the cell that holds its points."""
    answer.metadata["nbgrader"] = _metadata(graded, name)
    return [answer, _source(graded, cells.points_id(name))]


def _source(graded: Notebook, name: str) -> NotebookNode:
    """A cell as it was released."""
    source = next(cell for cell in graded.source_cells if cell.name == name)
    cell = _made({"cell_type": source.cell_type, "source": source.source or ""})
    cell.metadata["nbgrader"] = _metadata(graded, name)
    return cell


def _metadata(graded: Notebook, name: str) -> dict[str, Any]:
    """nbgrader's metadata of one of its cells, as its gradebook has them."""
    source = next(cell for cell in graded.source_cells if cell.name == name)
    points = {cell.name: cell.max_score for cell in [*graded.grade_cells, *graded.task_cells]}
    task = any(cell.name == name for cell in graded.task_cells)
    solution = any(cell.name == name for cell in graded.solution_cells)
    data = cells.metadata(name, solution=solution, points=points.get(name))
    return {**data, "grade": name in points and not task, "task": task, "locked": source.locked,
            "cell_type": source.cell_type, "checksum": source.checksum}  # fmt: skip
