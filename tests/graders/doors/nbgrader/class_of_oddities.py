"""A class whose submissions are odd in every way that nbgrader's users report."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graders.grade import data_folder
from graders.stubs import notebook_cell
from notebooks.build import without_marks

Notebook = dict[str, Any]
DONE = ("memory_calculation", "nf4_quantization")  # the other two train, or take long; they stay stubs
WRONG = 'def quantize_nf4(tensor, block_size=64):\n    raise ValueError("</pre><img src=x onerror=alert(1)> `x`")\n\n\ndef dequantize_nf4(codes, scales, block_size=64):\n    raise ValueError\n'


def solution(exercise: str) -> str:
    """The reference solution as a cell's text."""
    path = data_folder("reference_solutions", "lora_theory") / f"{exercise}.py"
    return notebook_cell(without_marks(path.read_text(encoding="utf-8")))[1].strip()


def filled(released: Notebook, **answers: str) -> Notebook:
    """The released notebook with two exercises solved, or answered otherwise."""
    notebook = copy.deepcopy(released)
    for name in DONE:
        answer_cell(notebook, name)["source"] = answers.get(name, solution(name))
    return notebook


def answer_cell(notebook: Notebook, name: str) -> dict[str, Any]:
    """The cell with this nbgrader id."""
    return next(
        cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


def code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text,
        "id": f"x{abs(hash(text)) % 10**8}",
    }


def copied(notebook: Notebook) -> None:
    """An answer and a cell with points, each there twice."""
    notebook["cells"] += [
        copy.deepcopy(answer_cell(notebook, name)) for name in ("nf4_quantization", "points-nf4_quantization")
    ]


def split(notebook: Notebook) -> None:
    """An answer split in the middle: the second half has no metadata."""
    cell = answer_cell(notebook, "nf4_quantization")
    first, second = cell["source"].split("def dequantize_nf4")
    cell["source"] = first
    notebook["cells"].insert(notebook["cells"].index(cell) + 1, code(f"def dequantize_nf4{second}"))


def deleted(notebook: Notebook) -> None:
    """The answers stand in a cell of one's own, all of nbgrader's cells are gone."""
    own = code("\n\n".join(solution(name) for name in DONE))
    notebook["cells"] = [cell for cell in notebook["cells"] if "nbgrader" not in cell["metadata"]] + [own]


def reordered(notebook: Notebook) -> None:
    notebook["cells"].reverse()


def stripped(notebook: Notebook) -> None:
    """All metadata lost, as some editors do."""
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def renamed_ids(notebook: Notebook) -> None:
    """Ids that nbgrader does not know, and malformed metadata."""
    for number, cell in enumerate(notebook["cells"]):
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] = (
                {"grade_id": f"cell-{number}", "points": "many"} if number % 2 else {}
            )


def no_kernel(notebook: Notebook) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "no_such_kernel", "display_name": "?", "language": "python"}


def exits(notebook: Notebook) -> None:
    notebook["cells"].insert(1, code("import os\nos._exit(0)"))


def loops(notebook: Notebook) -> None:
    notebook["cells"].append(code("while True:\n    pass"))


def forged(notebook: Notebook) -> None:
    """Points of one's own, and torch's comparisons turned off."""
    answer_cell(notebook, "points-nf4_quantization")["source"] = "20.0"
    answer_cell(notebook, "nf4_quantization")["source"] = (
        f"import torch\ntorch.allclose = torch.equal = lambda *a, **k: True\n{WRONG}"
    )


CHANGES: dict[str, tuple[Callable[[Notebook], None], float]] = {
    "copied": (copied, 40), "split": (split, 40), "deleted": (deleted, 40), "reordered": (reordered, 40),
    "stripped": (stripped, 40), "renamed_ids": (renamed_ids, 40), "no_kernel": (no_kernel, 40), "exits": (exits, 40),
    "loops": (loops, 40), "forged": (forged, 20), "untouched": (lambda notebook: None, 0),
}  # fmt: skip
OTHERS = {
    "files_only": 40,
    "renamed_file": 40,
    "unreadable": 0,
    "with_a_pipe": 20,
    "a_file": 0,
    "late@uni.example": 40,
    "<b>jo": 20,
}
SCORES = {name: points for name, (_, points) in CHANGES.items()} | OTHERS


def hand_in(submitted: Path, released: Notebook) -> None:
    """Write the class's folders, as if copied there by hand."""

    def folder(student: str) -> Path:
        path = submitted / student / "lora_theory"
        path.mkdir(parents=True)
        return path

    def write(student: str, notebook: Notebook, name: str = "lora_theory.ipynb") -> None:
        (folder(student) / name).write_text(json.dumps(notebook), encoding="utf-8")

    for student, (change, _) in CHANGES.items():
        notebook = copy.deepcopy(released) if student == "untouched" else filled(released)
        change(notebook)
        write(student, notebook)
    write("renamed_file", filled(released), "lora_theory (1).ipynb")
    write("late@uni.example", filled(released))
    (submitted / "late@uni.example" / "lora_theory" / "timestamp.txt").write_text(
        "2026-02-03 10:00:00 UTC", encoding="utf-8"
    )
    write("<b>jo", filled(released, nf4_quantization=WRONG))
    (folder("unreadable") / "lora_theory.ipynb").write_bytes(b'{"cells": [\xff')
    files = folder("files_only")
    for name in DONE:
        (files / f"{name}.py").write_text(solution(name), encoding="utf-8")
    odd = folder("with_a_pipe")
    (odd / "memory_calculation.py").write_text(solution("memory_calculation"), encoding="utf-8")
    os.mkfifo(odd / "nf4_quantization.py")
    (odd / "data").mkdir()
    os.mkfifo(odd / "data" / "pipe")
    (odd / "notes.txt").symlink_to("/etc/hostname")
    (submitted / "a_file").mkdir()
    (submitted / "a_file" / "lora_theory").write_text("not a folder")
