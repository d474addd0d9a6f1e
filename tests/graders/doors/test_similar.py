"""Nearly identical submissions: who is put together, and who is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from graders.doors import similar
from graders.grade import data_folder
from graders.kit.release import CHECK, PACKAGE, checker_files
from graders.run import Student, Submission, list_students

pytest.importorskip("copydetect", reason="no copydetect; pip install 'loralab[similar]'")

ROOT = Path(__file__).parents[3]
STUBS = data_folder("assignments", "lora_theory")
CORRECT = sorted((ROOT / "tests/submissions/nf4_quantization/correct").glob("*.py"))


def class_of(home: Path, texts: dict[str, str], name: str = "nf4_quantization.py") -> tuple[Student, ...]:
    """Students who each handed in one text."""
    for student, text in texts.items():
        folder = home / student / "lora_theory"
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    return list_students(home, "lora_theory").students


def pairs(students: tuple[Student, ...]) -> set[tuple[str, str]]:
    """Whom the door puts together."""
    return {(pair.first, pair.second) for pair in similar.near(students, "lora_theory", STUBS)}


def renamed(text: str) -> str:
    """The same solution under other names, with other comments and other layout."""
    text = re.sub(r"#.*", "# all my own work", text)
    for name in sorted(set(re.findall(r"^\s+([a-z_]\w*) = ", text, re.MULTILINE))):
        text = re.sub(rf"\b{name}\b", f"my_{name}", text)
    return text.replace("\n\n", "\n\n\n")


def test_a_renamed_copy_is_found_and_others_are_not(tmp_path: Path) -> None:
    """Of the bank's solutions of one exercise only the copy, with other names and comments, is put with its source."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in CORRECT[:12]}
    source = max(texts, key=lambda name: len(texts[name]))
    students = class_of(tmp_path, texts | {"zz_copy": renamed(texts[source])})
    found = {pair for pair in pairs(students) if "zz_copy" in pair}
    assert found == {(source, "zz_copy")}


def test_stubs_are_nobodys_copy(tmp_path: Path) -> None:
    """Who hands in what was handed out has nothing in common with the others who do."""
    stub = (STUBS / "nf4_quantization.py").read_text(encoding="utf-8")
    assert pairs(class_of(tmp_path, {"ada": stub, "bo": stub})) == set()


def test_the_kits_own_files_are_nobodys_copy(tmp_path: Path) -> None:
    """Whoever hands in the kit's whole folder has not copied the checker from anybody."""
    for student, text in zip(("ada", "bob"), CORRECT, strict=False):
        home = tmp_path / student / "lora_theory"
        for name, kept in {f"{PACKAGE}/{name}": kept for name, kept in checker_files().items()}.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(kept, encoding="utf-8")
        (home / "check.py").write_text(CHECK)
        (home / "nf4_quantization.py").write_bytes(text.read_bytes())
    assert pairs(list_students(tmp_path, "lora_theory").students) == set()


def test_what_many_share_is_how_it_is_solved(tmp_path: Path) -> None:
    """A text that more than ten have is common; among ten it is not."""
    text = CORRECT[0].read_text(encoding="utf-8")
    assert len(pairs(class_of(tmp_path / "ten", {f"s{i:02}": text for i in range(10)}))) == 45
    assert pairs(class_of(tmp_path / "eleven", {f"s{i:02}": text for i in range(11)})) == set()


def test_notebooks_are_compared_by_their_code(tmp_path: Path) -> None:
    """Two notebooks with the same code are put together, whatever their texts say; a broken one is passed over."""
    code = CORRECT[0].read_text(encoding="utf-8")
    books = {
        student: json.dumps({"cells": [{"cell_type": "markdown", "source": student}, {"cell_type": "code", "source": code.splitlines(True)}]})
        for student in ("ada", "bo")
    }  # fmt: skip
    students = class_of(tmp_path, books | {"eve": "{", "mallory": "[" * 100_000}, "lora_theory.ipynb")
    (pair,) = similar.near(students, "lora_theory", STUBS)
    assert (pair.first, pair.second, pair.exercise, pair.share) == ("ada", "bo", "notebook", 1.0)


@pytest.mark.parametrize("notebook", [b"null", b"{}", b'{"cells": 1}', b'{"cells": [1, {"cell_type": "code", "source": [2]}]}'])  # fmt: skip
def test_any_notebook_has_a_text(notebook: bytes) -> None:
    """What is no notebook has no code."""
    assert similar.texts(Submission("x", "lora_theory", {}, notebook))["notebook"] == ""
