"""`examples/submitted/` holds twelve students, and each shows what `examples/README.md` says."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "submitted"
EXERCISES = {"lora_with_bias", "selective_injection", "memory_calculation", "nf4_quantization"}
STUDENTS = {
    "ada",
    "grace_h",
    "josé",
    "k1234567",
    "li.wei@uni.example",
    "mallory",
    "max_mustermann",
    "noor",
    "priya_k",
    "sven",
    "tomás.rivera",
    "yuki",
}
FILES_ONLY = STUDENTS - {"josé", "noor"}


def folder(student: str) -> Path:
    return EXAMPLES / student / "lora_theory"


def text(student: str, exercise: str) -> str:
    return (folder(student) / f"{exercise}.py").read_text(encoding="utf-8")


def notebook(student: str) -> dict:
    return json.loads((folder(student) / "lora_theory.ipynb").read_text(encoding="utf-8"))


def code_of(student: str) -> str:
    """The sources of a notebook's code cells."""
    cells = notebook(student)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def definitions(source: str) -> set[str]:
    return set(re.findall(r"^(?:class|def) (\w+)", source, flags=re.MULTILINE))


def stub(exercise: str) -> str:
    return (ROOT / "assignments" / "lora_theory" / f"{exercise}.py").read_text(encoding="utf-8")


def parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def test_there_are_these_twelve() -> None:
    """The folder holds exactly the twelve students, each with one assignment in nbgrader's layout."""
    assert len(STUDENTS) == 12
    assert {path.name for path in EXAMPLES.iterdir()} == STUDENTS
    assert all(
        [path.name for path in (EXAMPLES / student).iterdir()] == ["lora_theory"] for student in STUDENTS
    )


def test_the_overview_names_each_student_once() -> None:
    """The table of `examples/README.md` has one line for each student."""
    overview = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([^`]+)` \|", overview, flags=re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) == STUDENTS


@pytest.mark.parametrize("student", sorted(FILES_ONLY))
def test_ten_hand_in_the_four_files(student: str) -> None:
    """Ten students hand in four files and nothing else."""
    names = {path.name for path in folder(student).iterdir() if path.name != "__pycache__"}
    assert names == {f"{exercise}.py" for exercise in EXERCISES}


def test_one_syntax_error() -> None:
    """Of all files, only sven's memory calculation cannot be parsed."""
    broken = [path for path in EXAMPLES.rglob("*.py") if not parses(path.read_text(encoding="utf-8"))]
    assert broken == [folder("sven") / "memory_calculation.py"]


def test_one_is_the_stub() -> None:
    """max_mustermann handed in the stubs as they are now (copy them again when they change)."""
    assert {exercise: text("max_mustermann", exercise) for exercise in EXERCISES} == {
        exercise: stub(exercise) for exercise in EXERCISES
    }


def test_one_is_half_finished() -> None:
    """k1234567 has two exercises done, one half done, and one not begun."""
    left = {exercise: text("k1234567", exercise).count("raise NotImplementedError") for exercise in EXERCISES}
    assert left == {
        "lora_with_bias": 0,
        "memory_calculation": 0,
        "selective_injection": stub("selective_injection").count("raise NotImplementedError") - 1,
        "nf4_quantization": stub("nf4_quantization").count("raise NotImplementedError"),
    }
    assert text("k1234567", "nf4_quantization") == stub("nf4_quantization")


@pytest.mark.parametrize("student", ["josé", "noor"])
def test_notebooks_are_valid(student: str) -> None:
    """Notebooks are of format 4.5, validated by nbformat, with cell ids that differ."""
    nbformat = pytest.importorskip("nbformat")
    book = notebook(student)
    nbformat.validate(nbformat.from_dict(book))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(ids) == len(set(ids))


def test_one_is_a_notebook() -> None:
    """josé's notebook defines all that is asked for, between magics, plots and training."""
    assert [path.name for path in folder("josé").iterdir()] == ["lora_theory.ipynb"]
    code = code_of("josé")
    assert definitions(code) >= {
        "LoRALayerWithBias",
        "add_lora_to_model_selective",
        "compare_target_modules",
        "calculate_memory_requirements",
        "quantize_nf4",
        "dequantize_nf4",
    }
    for demonstration in (
        "!pip",
        "%matplotlib",
        "%%time",
        "import matplotlib",
        "plt.show()",
        "n_epochs=50)\n",
    ):
        assert demonstration in code


def test_one_mixes_files_and_a_notebook() -> None:
    """noor's notebook and files share the exercises, and one definition stands in both."""
    in_notebook = definitions(code_of("noor"))
    assert in_notebook >= {"LoRALayerWithBias", "add_lora_to_model_selective", "compare_target_modules"}
    assert "quantize_nf4" not in in_notebook
    assert "calculate_memory_requirements" in in_notebook & definitions(text("noor", "memory_calculation"))
    assert (folder("noor") / "helpers.py").is_file()
    assert not (folder("noor") / "lora_with_bias.py").exists()


def test_one_is_hostile() -> None:
    """mallory tries each kind of attack that the overview names."""
    attacks = "\n".join(text("mallory", exercise) for exercise in sorted(EXERCISES))
    for attack in (
        '"lora_reference"',
        '"graders"',
        "sys._getframe",
        "gc.get_objects",
        "torch.allclose =",
        "json.dumps =",
        "reports/mallory/lora_theory/report.json",
        "/proc/self/environ",
        "subprocess.run",
        "os.kill(os.getppid()",
        "os._exit(0)",
        "socket.create_connection",
        "os.write(",
        '"score": 100.0',
    ):
        assert attack in attacks
