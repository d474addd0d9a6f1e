"""The same eight notebooks, one exercise, graded by stock `nbgrader autograde` and by us."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from graders.doors.nbgrader.course import make_course

RIGHT = """\
import torch
from torch import nn

class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
"""
STUB = (
    "class LoRALayerWithBias:\n    def __init__(self, *args, **kwargs):\n        raise NotImplementedError\n"
)
SUBMITTED = {
    "right1": RIGHT,
    "right2": RIGHT.replace("* 0.01", "/ 10"),
    "stub": STUB,
    "syntax_error": RIGHT.replace(
        "class LoRALayerWithBias(nn.Module):", "class LoRALayerWithBias(nn.Module:"
    ),
    "wrong_scaling": RIGHT.replace("alpha / rank", "alpha"),
    "wrong_b": RIGHT.replace("torch.zeros(", "torch.randn("),
    "wrong_bias": RIGHT.replace("requires_grad_(train_bias)", "requires_grad_(False)"),
    "wrong_base": RIGHT.replace("return self.original_layer(x) +", "return"),
}
TESTS = """\
for case in range(100):
    torch.manual_seed(case)
    rank, d_in, d_out = 1 + case % 5, 2 + case % 7, 2 + case % 3
    layer = LoRALayerWithBias(nn.Linear(d_in, d_out), rank=rank, alpha=1 + case % 4)
    with torch.no_grad():
        layer.lora_A.normal_(), layer.lora_B.normal_()
    x = torch.randn(3, d_in)
    want = layer.original_layer(x) + (1 + case % 4) / rank * x @ layer.lora_A.T @ layer.lora_B.T
    assert torch.allclose(layer(x), want, atol=1e-5)
"""


def against_nbgrader(folder: Path) -> None:
    """CPU and wall seconds a submission of both, in one run."""
    write_course(folder)
    python = [sys.executable, "-m"]
    measured([*python, "nbgrader", "generate_assignment", "lora_theory"], folder)
    theirs = measured([*python, "nbgrader", "autograde", "lora_theory"], folder)
    grade = [
        *python,
        "graders",
        "grade",
        "submitted",
        "--only",
        "lora_with_bias",
        "--examples",
        "100",
        "--force",
    ]
    ours = measured([*grade, "--jobs", "1"], folder)
    start = measured([*grade, "--jobs", "1", "--student", "stub"], folder)
    plugged = folder / "plugged"
    write_plugged_course(plugged)
    measured([*python, "nbgrader", "generate_assignment", "lora_theory"], plugged)
    through = measured([*python, "nbgrader", "autograde", "lora_theory"], plugged)
    count = len(SUBMITTED)
    names = ("nbgrader autograde", "nbgrader autograde with our plug-in", "loralab grade")
    for name, (cpu, wall) in zip(names, (theirs, through, ours), strict=True):
        print(f"  {name}: {cpu / count:.2f} CPU s and {wall / count:.2f} s wall a submission")
    each = (ours[0] - start[0]) / (count - 1)
    print(f"  nbgrader uses {theirs[0] / ours[0]:.1f} times the CPU seconds (goal: 30)")
    print(f"  with our plug-in it uses {theirs[0] / through[0]:.1f} times fewer than without")
    print(
        f"  loralab starts in {start[0]:.2f} CPU s; then a submission costs {each:.3f}: nbgrader uses "
        f"{theirs[0] / count / each:.0f} times as many"
    )


def write_course(folder: Path) -> None:
    """An nbgrader course with one exercise, and eight submissions of it."""
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(folder)!r}\nc.ExecutePreprocessor.timeout = 60\n"
    )
    write_notebook(folder / "source", f"### BEGIN SOLUTION\n{RIGHT}### END SOLUTION\n")
    for student, text in SUBMITTED.items():
        write_notebook(folder / "submitted" / student, text)


def write_plugged_course(folder: Path) -> None:
    """The same class on a course of ours, with that exercise alone."""
    make_course(folder, "bench")
    (folder / "loralab.toml").write_text("examples = 100\njobs = 1\n")
    source = folder / "source" / "lora_theory" / "lora_theory.ipynb"
    notebook = json.loads(source.read_text())
    kept = ("exercise-lora_with_bias", "check-lora_with_bias")
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] in kept]
    source.write_text(json.dumps(notebook))
    for student, text in SUBMITTED.items():
        write_notebook(folder / "submitted" / student, text)


def write_notebook(folder: Path, text: str) -> None:
    """A notebook with a solution cell and a grade cell."""
    common = {"schema_version": 3, "locked": False, "task": False}
    solution = {"grade": False, "solution": True, "grade_id": "layer", **common}
    tests = {
        "grade": True,
        "solution": False,
        "grade_id": "layer_tests",
        "points": 30,
        **common,
        "locked": True,
    }
    notebook = new_notebook(
        cells=[
            new_code_cell(text, id="layer", metadata={"nbgrader": solution}),
            new_code_cell(TESTS, id="tests", metadata={"nbgrader": tests}),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    (folder / "lora_theory").mkdir(parents=True)
    nbformat.write(notebook, folder / "lora_theory" / "lora_theory.ipynb")


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds (of all processes) and wall seconds of a command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore", "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall
