"""The notebooks: made from their sources, they run, and the students' one is what the grader takes."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

NEEDED = ("jupytext", "nbclient", "ipykernel", "matplotlib")
if not all(map(importlib.util.find_spec, NEEDED)):
    pytest.skip("the notebooks need the development dependencies: make setup", allow_module_level=True)

import nbformat

from graders.grade import grade
from graders.judge.box import Box
from graders.judge.reading import Submission
from graders.settings import Settings
from notebooks.build import LAB, RELEASED, SOLUTIONS, given, lab_notebook
from notebooks.execute import executed, pictures, printed, tour

GIVEN = ("LoRALayer", "SimpleTransformerBlock", "generate_synthetic_data", "add_lora_to_model")


def test_the_released_notebook_is_up_to_date() -> None:
    """`make assignments` would write what is there."""
    assert RELEASED.read_text(encoding="utf-8") == nbformat.writes(lab_notebook()) + "\n"
    nbformat.validate(nbformat.reads(RELEASED.read_text(encoding="utf-8"), as_version=4))


@pytest.mark.parametrize("name", GIVEN)
def test_given_code_is_the_labs(name: str) -> None:
    """Each definition of the lab's given code stands in a cell of its own, letter by letter."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    node = next(n for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef)) and n.name == name)
    cell = next(cell for cell in lab_notebook().cells if cell.id == f"given-{name}")

    assert (ast.get_source_segment(LAB.read_text(encoding="utf-8"), node) or "?") in cell.source
    assert cell.source == given(name).strip()


def test_no_solution_is_released() -> None:
    """No line of 30 characters or more of a solution stands in the released notebook, but for those of a stub or `lab.py`."""
    handed_out = "".join(path.read_text(encoding="utf-8") for path in RELEASED.parent.glob("*.py"))
    lines = {line.strip() for path in SOLUTIONS.glob("*.py") for line in path.read_text().splitlines()}
    secret = {line for line in lines if len(line) >= 30 and line not in handed_out}
    released = "\n".join(cell.source for cell in lab_notebook().cells)
    solved = "\n".join(cell.source for cell in lab_notebook(solved=True).cells)

    assert len([line for line in secret if line in solved]) > 20
    assert [line for line in secret if line in released] == []


def test_it_runs_with_nothing_filled_in(tmp_path: Path) -> None:
    """Every cell runs; those that need an exercise say so."""
    text = printed(executed(lab_notebook(), True, tmp_path))
    assert [
        number for number in "1234" if f"needs exercise {number}, which is not written yet" in text
    ] == list("1234")


def test_it_runs_with_the_solutions_and_shows_its_pictures(tmp_path: Path) -> None:
    """Filled in, no cell complains, and there are four pictures."""
    done = executed(lab_notebook(solved=True), True, tmp_path)
    assert "not written yet" not in printed(done)
    assert "a layer without a bias works" in printed(done)
    assert len(pictures(done)) == 4


def test_the_tour_runs(tmp_path: Path) -> None:
    """The tour of the library runs from top to bottom and shows its pictures."""
    done = executed(tour(), True, tmp_path)
    assert "a model of another rank:" in printed(done)
    assert len(pictures(done)) == 7


@pytest.mark.parametrize(("solved", "score"), [(True, 100), (False, 0)])
def test_the_grader_takes_it(solved: bool, score: float) -> None:
    """With the solutions in it the notebook gets full marks, unfilled nothing was attempted; no demonstration runs."""
    text = nbformat.writes(lab_notebook(solved)).encode()
    with Box("auto") as box:
        report = grade(Submission("somebody", "lora_theory", {}, text, "lora_theory.ipynb"), box, Settings())

    assert report.score == score
    assert {exercise.status for exercise in report.exercises} == {"graded" if solved else "not_attempted"}
