"""`python check.py`: what it says of right, wrong, unwritten and broken work, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graders.grade import reference_submission

SOLUTIONS = {name: data.decode() for name, data in reference_submission("lora_theory").files.items()}
FOUR = ("lora_with_bias", "selective_injection", "memory_calculation", "nf4_quantization")


@pytest.fixture
def folder(kit: Path, tmp_path: Path) -> Path:
    """A student's copy of the kit."""
    return Path(shutil.copytree(kit, tmp_path / "mine"))


def check(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `python check.py ...`."""
    done = subprocess.run(
        [sys.executable, "check.py", *arguments],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def write(folder: Path, **texts: str) -> None:
    """Put texts in the place of stubs."""
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def hurried(folder: Path, seconds: float) -> None:
    """The same checker with less patience."""
    for path in (folder / "loralab_check" / "cases").glob("*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        for case in data["cases"]:
            case["seconds"] = seconds
        path.write_text(json.dumps(data), encoding="utf-8")


def test_stubs_are_not_written_yet(folder: Path) -> None:
    """The kit as it is handed out has nothing to check, which is said kindly."""
    status, out, err = check(folder)

    assert (status, err) == (1, "")
    assert [f"· {name}   nothing to check yet" in out for name in FOUR] == [True] * 4
    assert out.count("Whenever you start") == 4
    assert "These cases are not the graded ones" in out


def test_right_work_holds_and_prints_disturb_nothing(folder: Path) -> None:
    """Exit status 0, whatever the code prints to either stream, by Python or below it."""
    loud = "\nimport os, sys\nprint('{\"done\": 1}')\nos.write(1, b'noise')\nos.write(2, b'noise')\nsys.stdout.close()\n"
    write(folder, **{name: SOLUTIONS[f"{name}.py"] + loud for name in FOUR})
    status, out, err = check(folder)

    assert (status, err) == (0, ""), out
    assert out.count("✓") == 4
    assert "no promise" in out


def test_what_is_lost_is_told_and_the_rest_goes_on(folder: Path) -> None:
    """A loop, an end of the process, a text that is no Python and a wrong answer each cost one exercise."""
    hurried(folder, 2)
    wrong = SOLUTIONS["nf4_quantization.py"].replace(
        "return codes.reshape(-1)[:n]", "return 15 - codes.reshape(-1)[:n]"
    )
    write(
        folder,
        lora_with_bias="class LoRALayerWithBias:\n    def __init__(self, *a, **k):\n        while True:\n            pass\n",
        selective_injection="import os\ndef add_lora_to_model_selective(*a, **k):\n    os._exit(3)\n",
        memory_calculation="def calculate_memory_requirements(:\n",
        nf4_quantization=wrong,
    )
    status, out, _ = check(folder)
    parts = dict(zip(FOUR, out.split("\n\n·"), strict=False))

    assert status == 1
    assert "did not finish within 2 seconds" in out
    assert "ended the process it ran in (exit status 3)" in out
    assert "could not be loaded: SyntaxError" in out
    assert (
        "`compare_target_modules` is not written yet" in out
        or "compare_target_modules" in parts["selective_injection"]
    )
    assert "codes[0] is" in out
    assert "the exercise says: `codes`: each the index of the level nearest" in out
    assert "smallest case: tensor = " in out
    assert "yours:" in out
    assert "expected:" in out


def test_an_exception_is_told_as_in_the_report(folder: Path) -> None:
    """Type, line and message; a claim that was not reached is not failed a second time."""
    write(
        folder,
        memory_calculation="def calculate_memory_requirements(model_params_billions, **k):\n    return {}['b']\n",
    )
    status, out, _ = check(folder, "memory_calculation")

    assert status == 1
    assert "✗ Your code raised KeyError during calculate_memory_requirements, in line 2" in out
    assert "Line 2: `return {}['b']`" in out
    assert out.count("✗") == 1


def test_a_notebook_a_file_and_a_mix_are_checked(folder: Path, tmp_path: Path) -> None:
    """Cells are found as the grader finds them: by definitions, a stub never before an attempt."""
    text = SOLUTIONS["nf4_quantization.py"].replace("Exercise 4", "Ex. 4")
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source}
        for source in ("%matplotlib inline\nimport matplotlib.pyplot as plt", text, "1 / 0")
    ]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (folder / "lora_theory.ipynb").write_text(json.dumps(book))
    alone = tmp_path / "nf4_quantization.py"
    alone.write_text(SOLUTIONS["nf4_quantization.py"])

    status, out, err = check(folder, "nf4_quantization", "lora_theory.ipynb", str(alone))
    assert (status, err) == (0, ""), out
    assert out.count("✓ nf4_quantization") == 3


def test_a_folder_with_a_notebook_alone_shows_what_is_missing(folder: Path) -> None:
    """Of a folder every exercise is told, also where only the notebook of one of them lies there."""
    for name in FOUR:
        (folder / f"{name}.py").unlink()
    cell = {"cell_type": "code", "metadata": {}, "source": SOLUTIONS["nf4_quantization.py"]}
    (folder / "lora_theory.ipynb").write_text(json.dumps({"nbformat": 4, "cells": [cell]}))

    status, out, err = check(folder)
    assert (status, err) == (1, ""), out
    assert "✓ nf4_quantization" in out
    assert out.count("nothing to check yet") == 3


def test_a_folder_of_helpers_is_read_as_the_grader_reads_it(folder: Path) -> None:
    """What lies in a folder can be imported."""
    (folder / "core").mkdir()
    (folder / "core" / "nf4.py").write_text(SOLUTIONS["nf4_quantization.py"])
    write(folder, nf4_quantization="from core.nf4 import dequantize_nf4, quantize_nf4")

    status, out, err = check(folder, "nf4_quantization")
    assert (status, err) == (0, ""), out


def test_what_the_grader_would_not_read_is_not_checked(folder: Path) -> None:
    """A copy that a browser renamed counts, of several notebooks none, and a link is told as one."""
    for name in FOUR:
        (folder / f"{name}.py").unlink()
    (folder / "lora_theory.ipynb").rename(folder / "mine.ipynb")
    (folder / "other.ipynb").write_text("{}")
    (folder / "elsewhere").write_text(SOLUTIONS["lora_with_bias.py"])
    (folder / "lora_with_bias.py").symlink_to(folder / "elsewhere")
    (folder / "nf4_quantization (1).py").write_text(SOLUTIONS["nf4_quantization.py"])

    status, out, err = check(folder, ".")
    assert (status, err) == (1, ""), out
    assert "nf4_quantization (1).py was read as nf4_quantization.py" in out
    assert "✓ nf4_quantization" in out
    assert "None of the 2 notebooks is called lora_theory.ipynb" in out
    assert "lora_with_bias.py is a link" in " ".join(out.split())


def test_a_wrong_call_says_what_there_is(folder: Path) -> None:
    """Exit status 2 and a line for what is no exercise, file or folder."""
    for argument, word in (
        ("nf5", "neither an exercise nor a file"),
        ("README.md", "not named after an exercise"),
    ):
        status, out, err = check(folder, argument)
        assert (status, out) == (2, "")
        assert word in err
        assert "usage: python check.py" in err
    assert check(folder, "--help")[0] == 0


def test_what_the_box_refuses_is_noted(folder: Path) -> None:
    """A file that is written here raises OSError when it is graded: that is said, and breaks no claim."""
    text = SOLUTIONS["memory_calculation.py"]
    write(folder, memory_calculation=text + "\nopen('made.txt', 'w').write('x')\n")
    status, out, _ = check(folder, "memory_calculation")

    assert status == 0, out
    assert "what is not allowed when it is graded" in out
    assert "writing" in out
