"""The graded cells: for each exercise a cell with the student's answer, and one that holds its points."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from graders.grade import assignments, data_folder
from graders.stubs import notebook_cell

Cell = dict[str, Any]
POINTS = "points-"


def points_id(exercise: str) -> str:
    """The id of the cell that holds an exercise's points; that of its answer is the exercise's own."""
    return f"{POINTS}{exercise}"


def exercises(assignment: str) -> dict[str, float]:
    """The points of each exercise of an assignment, by its id, in order."""
    return {exercise.id: exercise.points for exercise in assignments()[assignment].exercises}


def released_notebook(assignment: str) -> dict[str, Any]:
    """The notebook that students get, as it lies among the assignments."""
    path = data_folder("assignments", assignment) / f"{assignment}.ipynb"
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def source_notebook(assignment: str) -> dict[str, Any]:
    """nbgrader's source of the released notebook: with solutions between its marks, and its metadata."""
    notebook = released_notebook(assignment)
    known = exercises(assignment)
    for cell in notebook["cells"]:
        kind, _, name = cell["id"].partition("-")
        if kind == "exercise" and name in known:
            path = data_folder("reference_solutions", assignment) / f"{name}.py"
            cell["source"] = notebook_cell(path.read_text(encoding="utf-8"))[1].strip()
            cell["metadata"]["nbgrader"] = metadata(name, solution=True)
        elif kind == "check" and name in known:
            cell["metadata"]["nbgrader"] = metadata(points_id(name), points=known[name])
    return notebook


def metadata(name: str, *, solution: bool = False, points: float | None = None) -> dict[str, Any]:
    """nbgrader's metadata, of its schema 3, for an answer or for a cell that holds points."""
    data = {"grade_id": name, "schema_version": 3, "solution": solution, "task": False}
    if points is None:
        return {**data, "grade": False, "locked": False}
    return {**data, "grade": True, "locked": True, "points": points}


def grade_id(cell: Mapping[str, Any]) -> str:
    """The id that nbgrader's metadata give a cell; empty where they give none."""
    found = cell.get("metadata")
    found = found.get("nbgrader") if isinstance(found, dict) else None
    name = found.get("grade_id") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""


def defines(source: str, names: tuple[str, ...]) -> bool:
    """Whether a cell's text defines one of these names at its top."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return any(f"def {name}(" in source or f"class {name}" in source for name in names)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) and node.name in names for node in tree.body)
