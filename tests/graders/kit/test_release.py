"""What is handed out: no answer of ours, nothing of the grader, the same bytes each time."""

from __future__ import annotations

import ast
import base64
import json
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from graders.doors.cli import main
from graders.grade import assignments, reference_submission
from graders.kit.exercises import lora_with_bias, memory_calculation, nf4_quantization, selective_injection
from graders.kit.recording import KIT_SEED, drawn
from graders.kit.release import PACKAGE, ReleaseError, release
from graders.settings import Settings

ROOT = Path(__file__).parents[3]
STANDARD = set(sys.stdlib_module_names)
RECORDINGS = (lora_with_bias, memory_calculation, nf4_quantization, selective_injection)


def texts(kit: Path) -> dict[str, str]:
    """Every file of the kit."""
    return {
        path.relative_to(kit).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(kit.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_checker_imports_torch_numpy_and_itself_alone(kit: Path) -> None:
    """No module of the kit imports the grader, the oracle, a solution or another package."""
    for name, text in texts(kit).items():
        if not name.startswith(f"{PACKAGE}/") or not name.endswith(".py") or "/handed_out/" in name:
            continue
        for node in ast.walk(ast.parse(text)):
            found = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                found = [node.module or ""]
            allowed = STANDARD | {"torch", "numpy", PACKAGE}
            assert {item.partition(".")[0] for item in found} <= allowed, (name, found)


def test_the_checker_runs_where_the_grader_cannot_be_found(kit: Path, tmp_path: Path) -> None:
    """With the kit alone on the path, checking loads neither grader nor oracle."""
    code = (
        f"import sys; sys.path = [item for item in sys.path if item != {str(ROOT)!r}] + [{str(kit)!r}]\n"
        f"import {PACKAGE}.submitted, {PACKAGE}.parent\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('graders', 'lora_reference', 'hypothesis')])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_parent_imports_no_torch(kit: Path, tmp_path: Path) -> None:
    """The process that prints and limits starts at once."""
    code = (
        f"import sys; sys.path.append({str(kit)!r}); import {PACKAGE}.__main__; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True)

    assert done.stdout.strip() == "False", done.stderr


def squeezed(text: str) -> str:
    """Text without white space."""
    return re.sub(r"\s+", "", text)


def decoded(data: Any) -> str:
    """Every text of a JSON value, and what its tensors hold as text."""
    if isinstance(data, dict):
        if list(data) == ["tensor"] and isinstance(data["tensor"], list):
            return zlib.decompress(base64.b64decode(data["tensor"][2])).decode("latin-1")
        return "\n".join(f"{name}\n{decoded(item)}" for name, item in data.items())
    return "\n".join(map(decoded, data)) if isinstance(data, list) else str(data)


def test_no_line_of_a_solution_is_in_the_kit(kit: Path) -> None:
    """What a solution says in 30 characters or more, and stub and given code do not, stands nowhere in the kit."""
    files = texts(kit)
    public = squeezed(
        "".join(text for name, text in files.items() if "/" not in name and name.endswith(".py"))
    )
    everything = squeezed(
        "\n".join(
            decoded(json.loads(text)) if name.endswith(".json") else text
            for name, text in files.items()
            if not name.endswith(".ipynb")  # the lab's own text, looked at with the assignments
        )
    )
    solutions = reference_submission("lora_theory").files.values()
    lines = {squeezed(line.partition("#")[0]) for data in solutions for line in data.decode().splitlines()}
    own = {line for line in lines if len(line) >= 30 and line not in public}

    assert len(own) >= 20
    assert [line for line in own if line in everything] == []


def test_the_kit_holds_every_claim_and_no_seed(kit: Path) -> None:
    """Each graded claim has facts; neither the kit's seed nor the grader's default stands in it."""
    files = texts(kit)
    for exercise in assignments()["lora_theory"].exercises:
        data = json.loads(files[f"{PACKAGE}/cases/{exercise.id}.json"])
        assert [claim["id"] for claim in data["properties"]] == [claim.id for claim in exercise.properties]
        assert {fact["property"] for case in data["cases"] for fact in case["facts"]} == {
            claim.id for claim in exercise.properties
        }
        assert {case["seed"] for case in data["cases"]} == {1}
    assert not any(word in text for text in files.values() for word in (KIT_SEED, str(Settings().seed)))
    assert sum(len(text.encode()) for text in files.values()) < 1_400_000


def test_contents_are_not_those_of_the_default_grading_seed() -> None:
    """A case of the kit is drawn by another rule: the grading seed has no part in it."""
    layer = assignments()["lora_theory"].exercises[0].experiments[0]

    assert str(Settings().seed) != KIT_SEED
    assert drawn(layer, {})["seed"] != drawn(layer, {}, 1)["seed"] != drawn(layer, {"rank": 3})["seed"]
    assert drawn(layer, {}) == drawn(layer, {})


def test_every_step_of_a_probe_has_its_claim() -> None:
    """An exception in any step that a probe names is blamed as the grader blames it."""
    for module in RECORDINGS:
        name = module.__name__.rpartition(".")[2]
        text = (ROOT / "graders/worker/probes" / f"{name}.py").read_text(encoding="utf-8")
        steps = re.findall(r"""seen\.at\((?:"([^"{]+)"|'([^'{]+)')\)""", text)
        assert {a or b for a, b in steps} <= set(module.STEPS)


def test_two_releases_are_equal(kit: Path, tmp_path: Path) -> None:
    """A kit is the same bytes each time, and may be written again over itself."""
    again = tmp_path / "kit"
    first = release("lora_theory", again)
    assert release("lora_theory", again) == first
    assert texts(again) == texts(kit)


def test_a_folder_that_holds_other_things_is_refused(kit: Path, tmp_path: Path) -> None:
    """Neither foreign files nor work that was begun are written over."""
    begun, other = tmp_path / "begun", tmp_path / "other"
    shutil.copytree(kit, begun)
    (begun / "nf4_quantization.py").write_text("mine")
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    dated = Path(shutil.copytree(kit, tmp_path / "dated"))
    with (dated / "README.md").open("a") as readme:
        readme.write("Due on Friday.\n")

    for folder, word in ((begun, "as it would be handed out"), (dated, "README"), (other, "notes.txt")):
        with pytest.raises(ReleaseError, match=word):
            release("lora_theory", folder)
    with pytest.raises(ReleaseError, match="no assignment"):
        release("other", tmp_path / "new")
    assert (begun / "nf4_quantization.py").read_text() == "mine"


def test_the_command_writes_the_kit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`loralab release lora_theory --output kit` says what it wrote; a wrong call is refused in a line."""
    assert main(["release", "lora_theory", "--output", str(tmp_path / "kit")]) == 0
    assert "files" in capsys.readouterr().out
    assert (tmp_path / "kit" / "check.py").is_file()
    assert main(["release", "other", "--output", str(tmp_path / "kit")]) == 2
    assert "no assignment 'other'" in capsys.readouterr().err
