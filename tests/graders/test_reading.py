"""Reading what was handed in: bytes of regular files, a kind sentence for everything else."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from graders.judge import reading
from graders.judge.reading import Submission, read_file, read_submission


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "ada" / "lora_theory"
    path.mkdir(parents=True)
    return path


def read(folder: Path) -> Submission:
    return read_submission(folder, "ada", "lora_theory")


class TestFiles:
    """The `.py` files of the folder."""

    def test_bytes_as_they_are(self, folder: Path) -> None:
        """Files are read as bytes, whatever is in them."""
        (folder / "nf4_quantization.py").write_bytes(b"\xff\x00(((")
        submission = read(folder)
        assert submission.files == {"nf4_quantization.py": b"\xff\x00((("}
        assert (submission.problems, submission.notes) == ({}, ())

    def test_only_python(self, folder: Path) -> None:
        """The given `lab.py`, hidden files, other endings and folders that no text speaks of are not read, and need no word."""
        (folder / "deeper").mkdir()
        for name in ("lab.py", ".hidden.py", "._nf4.py", "notes.txt", "deeper/x.py"):
            (folder / name).write_text("x = 1")
        submission = read(folder)
        assert submission == Submission("ada", "lora_theory", others=("deeper", "notes.txt"))

    def test_folders_that_a_text_speaks_of(self, folder: Path) -> None:
        """Python below a folder is read where a file or the notebook speaks of it, or what they speak of."""
        texts = {
            "nf4_quantization.py": "import core.steps; open('widths.json')",
            "widths.json": "",
            "lora_theory.ipynb": '{"cells": [{"source": "from tools import x"}]}',
            "core/steps.py": "import base",
            "core/more/deep.py": "",
            "core/__pycache__/steps.py": "",
            "core/.old/steps.py": "",
            "base/a.py": "",
            "tools/b.py": "",
            "toolsets/c.py": "",
            "venv/lib/d.py": "",
        }
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        wanted = ["base/a.py", "core/more/deep.py", "core/steps.py", "nf4_quantization.py", "tools/b.py"]
        assert sorted(read(folder).files) == wanted
        assert read(folder).others == ("toolsets", "venv", "widths.json")

    def test_a_folder_that_is_a_link(self, folder: Path) -> None:
        """A link to a folder is not followed, which is said where a text speaks of it."""
        (folder / "core").symlink_to("/etc")
        assert read(folder) == Submission("ada", "lora_theory", others=("core",))
        (folder / "nf4_quantization.py").write_text("import core")
        assert read(folder).problems == {"core": "core is a link, and links are not followed."}

    def test_helpers_count(self, folder: Path) -> None:
        """Other modules of the folder can be imported, under the name by which Python looks for them."""
        (folder / "helpers.py").write_text("x = 1")
        (folder / "donne\u0301es.py").write_text("y = 2")  # as macOS writes the name
        assert sorted(read(folder).files) == ["données.py", "helpers.py"]

    @pytest.mark.parametrize(
        "name", ["lora_with_bias (v2).py", "a-b.py", "x\n.py", "<b>.py", "1.py", "\udcff.py"]
    )
    def test_names_that_no_module_can_have(self, folder: Path, name: str) -> None:
        """A file that cannot be imported is not read; a note says so in one clean line."""
        (folder / name).write_text("x = 1")
        submission = read(folder)
        assert submission.files == {}
        (note,) = submission.notes
        assert note.startswith("Not read, because a module cannot have such a name: ")
        assert note.isprintable()
        note.encode()

    @pytest.mark.parametrize(
        "name",
        [
            "a (1).py", "a(2).py", "a - Copy.py", "a - Copy (3).py", "a copy 2.py", "a-1.py", "a 2.py", "a (copy).py",
            "a (another copy).py", "a (copy 2).py",
        ],
    )  # fmt: skip
    def test_a_copy_of_what_is_not_there(self, folder: Path, name: str) -> None:
        """What a browser renamed counts under its own name, with a note."""
        (folder / name).write_text("x = 1")
        submission = read(folder)
        assert submission.files == {"a.py": b"x = 1"}
        assert submission.notes == (f"{name} was read as a.py, which is not there.",)

    @pytest.mark.parametrize("beside", ["a.py", "a (2).py", "any.ipynb"])
    def test_a_copy_that_may_not_be_meant(self, folder: Path, beside: str) -> None:
        """Where the file itself, another copy or a notebook lies beside it, a copy is not read."""
        (folder / "a (1).py").write_text("x = 1")
        (folder / beside).write_text("{}")
        submission = read(folder)
        assert b"x = 1" not in submission.files.values()
        assert "a (1).py" in submission.notes[0]

    def test_a_copy_of_a_link(self, folder: Path) -> None:
        """A file that is there and not read is not replaced; what is handed out is never read back."""
        (folder / "a.py").symlink_to("/etc/hostname")
        for name in ("a (1).py", "lab (1).py"):
            (folder / name).write_text("x = 1")
        submission = read(folder)
        assert (submission.files, list(submission.problems)) == ({}, ["a.py"])

    def test_missing_folder(self, folder: Path) -> None:
        """A folder that is not there is an empty submission and no problem."""
        assert read(folder / "nothing") == Submission("ada", "lora_theory")

    def test_many_files(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Beyond the limit files are left out, in the order of their names, and counted."""
        monkeypatch.setattr(reading, "FILES_LIMIT", 3)
        for i in range(5):
            (folder / f"m{i}.py").write_text("")
        submission = read(folder)
        assert sorted(submission.files) == ["m0.py", "m1.py", "m2.py"]
        assert "2 of them were not read" in submission.notes[0]


class TestBadFiles:
    """What is no readable file costs only itself."""

    def make(self, path: Path, kind: str) -> None:
        if kind == "link":
            path.symlink_to("/etc/passwd")
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "socket":
            home = os.getcwd()
            os.chdir(path.parent)  # the address of a socket has at most 107 bytes
            try:
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind(path.name)
            finally:
                os.chdir(home)
        else:
            path.write_bytes(b"#" * ((1 << 20) + 1))

    @pytest.mark.parametrize("kind", ["link", "pipe", "folder", "socket", "larger"])
    def test_said_in_one_sentence(self, folder: Path, kind: str) -> None:
        """A link, a pipe, a folder, a socket or a huge file is not read; the sentence says which it is."""
        self.make(folder / "memory_calculation.py", kind)
        (folder / "nf4_quantization.py").write_text("x = 1")
        submission = read(folder)
        assert list(submission.files) == ["nf4_quantization.py"]
        sentence = submission.problems["memory_calculation.py"]
        assert sentence.startswith("memory_calculation.py ")
        assert kind in sentence
        assert sentence.endswith(".")

    def test_the_largest_file(self, folder: Path) -> None:
        """A file of exactly 1 MB is read."""
        (folder / "big.py").write_bytes(b"#" * (1 << 20))
        assert len(read(folder).files["big.py"]) == 1 << 20

    def test_dangling_link(self, folder: Path) -> None:
        """A link to nowhere is a link."""
        (folder / "x.py").symlink_to("nowhere")
        assert "is a link" in read(folder).problems["x.py"]

    def test_linked_folder(self, folder: Path) -> None:
        """A submission folder that is a link is not followed: it could show another student's work."""
        (folder / "x.py").write_text("")
        link = folder.parent / "linked"
        link.symlink_to(folder)
        submission = read_submission(link, "eve", "lora_theory")
        assert submission.files == {}
        assert "is a link" in submission.problems["lora_theory"]

    def test_file_for_a_folder(self, folder: Path) -> None:
        """A file in the place of the folder is a problem with a sentence."""
        (folder.parent / "file").write_text("")
        submission = read_submission(folder.parent / "file", "ada", "lora_theory")
        assert submission.problems == {"lora_theory": "file should be a folder."}
        assert submission.notes == ("file should be a folder.",)  # whichever exercise asks

    def test_becomes_a_pipe_after_the_look(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that turns into a pipe at the last moment blocks nothing and is not read."""
        os.mkfifo(folder / "x.py")
        (folder / "plain").write_text("")
        monkeypatch.setattr(os, "lstat", lambda path: os.stat(folder / "plain"))
        problems: dict[str, str] = {}
        assert reading.read_regular(str(folder / "x.py"), 10, "x.py", problems) is None
        assert problems == {"x.py": "x.py is not a regular file."}


class TestNotebooks:
    """At most one notebook counts."""

    def test_the_assignments_own(self, folder: Path) -> None:
        """The notebook with the assignment's name counts without a word."""
        (folder / "lora_theory.ipynb").write_bytes(b"{}")
        submission = read(folder)
        assert (submission.notebook, submission.notebook_name) == (b"{}", "lora_theory.ipynb")
        assert submission.notes == ()

    def test_a_single_one_of_any_name(self, folder: Path) -> None:
        """A single notebook counts whatever its name, with a note that can stand anywhere."""
        (folder / "my\nlab \u202e.ipynb").write_bytes(b"{}")
        submission = read(folder)
        assert submission.notebook == b"{}"
        assert submission.notebook_name == "my?lab ?.ipynb"
        assert submission.notes[0].startswith("The notebook my?lab ?.ipynb was taken")

    def test_of_several_the_assignments_own(self, folder: Path) -> None:
        """Of several notebooks the one with the assignment's name counts, with a note."""
        (folder / "a.ipynb").write_bytes(b"a")
        (folder / "lora_theory.ipynb").write_bytes(b"b")
        submission = read(folder)
        assert submission.notebook == b"b"
        assert submission.notes == ("Of 2 notebooks only lora_theory.ipynb was taken.",)

    def test_of_several_others_none(self, folder: Path) -> None:
        """Of several notebooks of other names none counts, and the reason is told."""
        (folder / "a.ipynb").write_bytes(b"a")
        (folder / "b.ipynb").write_bytes(b"b")
        submission = read(folder)
        assert submission.notebook is None
        assert "None of the 2 notebooks" in submission.problems["lora_theory.ipynb"]

    def test_linked_notebook(self, folder: Path) -> None:
        """A linked notebook is not read."""
        (folder / "lora_theory.ipynb").symlink_to("/etc/passwd")
        submission = read(folder)
        assert submission.notebook is None
        assert "is a link" in submission.problems["lora_theory.ipynb"]

    def test_notebooks_may_be_larger(self, folder: Path) -> None:
        """A notebook with figures may have up to 16 MB."""
        (folder / "lora_theory.ipynb").write_bytes(b"x" * (16 << 20))
        assert len(read(folder).notebook or b"") == 16 << 20
        (folder / "lora_theory.ipynb").write_bytes(b"x" * ((16 << 20) + 1))
        assert "larger than 16 MB" in read(folder).problems["lora_theory.ipynb"]


class TestDigest:
    """The digest changes exactly with what a verdict can depend on."""

    BASE = Submission(
        "ada", "lora_theory", {"a.py": b"1", "b.py": b"2"}, b"{}", "x.ipynb", {"c.py": "Why."}, ("N.",)
    )

    def test_not_by_student_or_order(self) -> None:
        """Equal work of two students has an equal digest, in whatever order the files come."""
        other = replace(self.BASE, student_id="bob", files={"b.py": b"2", "a.py": b"1"})
        assert other.digest == self.BASE.digest

    @pytest.mark.parametrize(
        "change",
        [
            {"assignment": "other"},
            {"files": {"a.py": b"1", "b.py": b"3"}},
            {"files": {"a.py": b"1b.py2"}},
            {"files": {"a.py": b"1"}},
            {"notebook": None},
            {"notebook": b"{} "},
            {"notebook_name": "y.ipynb"},
            {"problems": {}},
            {"problems": {"c.py": "Other."}},
            {"notes": ()},
            {"problems": {}, "notes": ("c.py", "Why.", "N.")},
        ],
    )
    def test_by_everything_else(self, change: dict[str, object]) -> None:
        """Any change of what was handed in, or of what could be read of it, changes the digest."""
        assert replace(self.BASE, **change).digest != self.BASE.digest  # type: ignore[arg-type]


class TestReadFile:
    """One's own file, for `loralab check`."""

    def test_named_like_an_exercise(self, folder: Path) -> None:
        """A file counts as the exercise it is named after; its neighbours can be imported."""
        (folder / "nf4_quantization.py").write_text("x")
        (folder / "helpers.py").write_text("y")
        submission = read_file(folder / "nf4_quantization.py")
        assert submission.files == {"nf4_quantization.py": b"x", "helpers.py": b"y"}
        assert (submission.problems, submission.notebook) == ({}, None)

    def test_given_an_exercise(self, folder: Path) -> None:
        """A file of any name counts as the exercise that is given, also beside one of that name."""
        (folder / "draft 2.py").write_text("new")
        (folder / "nf4_quantization.py").write_text("old")
        submission = read_file(folder / "draft 2.py", "nf4_quantization")
        assert submission.files == {"nf4_quantization.py": b"new"}

    def test_a_link_of_ones_own(self, folder: Path) -> None:
        """One's own link is followed."""
        (folder / "real.py").write_text("x")
        (folder / "nf4_quantization.py").symlink_to("real.py")
        assert read_file(folder / "nf4_quantization.py").files["nf4_quantization.py"] == b"x"

    def test_a_notebook_counts_alone(self, folder: Path) -> None:
        """A notebook is read without the files beside it."""
        (folder / "any.ipynb").write_bytes(b"{}")
        (folder / "nf4_quantization.py").write_text("x")
        submission = read_file(folder / "any.ipynb")
        assert (submission.files, submission.notebook, submission.notebook_name) == ({}, b"{}", "any.ipynb")

    def test_a_folder(self, folder: Path) -> None:
        """A folder is read as a submission, of the student whose it seems to be."""
        (folder / "nf4_quantization.py").write_text("x")
        assert read_file(folder) == read(folder)

    def test_a_huge_file(self, folder: Path) -> None:
        """A file that is too large has its sentence under the exercise's name."""
        (folder / "draft.py").write_bytes(b"#" * ((1 << 20) + 1))
        submission = read_file(folder / "draft.py", "nf4_quantization")
        assert submission.files == {}
        assert "larger than 1 MB" in submission.problems["nf4_quantization.py"]
