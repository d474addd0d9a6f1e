"""The command line: what it says, what it writes, and its exit status.

The grading itself is a fake in most tests: a submission's text says how its grading goes.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

import graders
from graders.doors.cli import main
from graders.doors.files import write_text
from graders.judge.box import BoxError
from graders.report import ExerciseReport, Outcome, Report
from graders.run.roster import CLASS_FILES

EXERCISES = ("one", "two")
ROOT = Path(graders.__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass
class FakeBox:
    """A box with nothing in it."""

    protections: Mapping[str, Any] = field(default_factory=lambda: {"level": 2})
    device: str = "cpu"

    def share(self) -> FakeBox:
        return self

    def close(self) -> None:
        pass


def fake_grade(
    submission: Any,
    box: Any,
    settings: Any,
    only: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Every exercise gets what the submission says: `passed`, `failed`, `error`, or the grader dies."""
    text: Any = b"".join(submission.files.values()).decode() or (submission.notebook or b"").decode()
    if text == "dies":
        os._exit(9)
    if text == "breaks the box":
        raise BoxError("it has ended")
    if text == "interrupts":
        raise KeyboardInterrupt
    results = []
    for name in only if only is not None else EXERCISES:
        outcome = Outcome("p", "P.", 0.0, 10.0, "not_run", "Not looked at.")
        if text in ("passed", "failed", "error"):
            points = 0.0 if text == "failed" else 10.0
            outcome = Outcome("p", "P.", points, 10.0, text, needs_person=text == "error")
        there = text != "" and not (text == "passed" and submission.notebook and name == "two")
        message = "" if there else f"No {name}."
        results.append(ExerciseReport(name, name, "graded" if there else "missing", message, (outcome,)))
    return Report(submission.student_id, submission.assignment, tuple(results), box.protections, {}, {})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and a grader that is a fake."""
    exercises = tuple(SimpleNamespace(id=name) for name in EXERCISES)
    known = {"lora_theory": SimpleNamespace(exercises=exercises)}
    monkeypatch.setitem(
        sys.modules,
        "graders.grade",
        SimpleNamespace(
            assignments=lambda: known, grade=fake_grade, data_folder=lambda kind, assignment: tmp_path / kind
        ),
    )
    for door in ("grade", "check"):
        monkeypatch.setattr(f"graders.doors.{door}.open_box", lambda settings: nullcontext(FakeBox()))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hand_in(home: Path, student_id: str, text: str, name: str = "one.py") -> None:
    folder = home / "submitted" / student_id / "lora_theory"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def report(home: Path, name: str) -> dict[str, Any]:
    path = home / "reports" / name / "lora_theory" / "report.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def grades(home: Path) -> list[dict[str, str]]:
    with (home / "reports" / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


class TestGrade:
    """`loralab grade`."""

    def test_files_of_a_class(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Every student gets a report and a page; the class gets a table, a page, and what the run cost."""
        hand_in(here, "ada", "passed")
        hand_in(here, "bob", "failed")
        assert main(["grade", "submitted"]) == 0
        assert report(here, "ada")["score"] == 20
        assert "<html" in (here / "reports/bob/lora_theory/report.html").read_text()
        assert [(row["student_id"], row["score"], row["status"]) for row in grades(here)] == [
            ("ada", "20", "graded"), ("bob", "0", "graded"),
        ]  # fmt: skip
        for name in ("index.html", "run.json", "run.csv", "run.html"):
            assert (here / "reports" / name).stat().st_size
        out = capsys.readouterr().out
        assert "[1/2] " in out
        assert "bob: 0 of 20" in out
        assert out.strip().splitlines()[-1] == "reports/index.html"

    def test_nearly_identical(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With --similar the class's pages name those whose texts are the same; without it nobody looks."""
        pytest.importorskip("copydetect")
        for student in ("ada", "bob"):
            hand_in(here, student, "".join(f"a{i} = [{i}, {i * i}]\n" for i in range(20)))
        hand_in(here, "carl", "passed")
        assert main(["grade", "submitted", "--similar"]) == 0
        (pair,) = json.loads((here / "reports/class.json").read_text())["similar"]
        assert (pair["first"], pair["second"], pair["exercise"]) == ("ada", "bob", "one")
        assert main(["grade", "submitted"]) == 0
        assert json.loads((here / "reports/class.json").read_text())["similar"] is None
        monkeypatch.setitem(sys.modules, "copydetect", None)
        assert main(["grade", "submitted", "--similar"]) == 2

    def test_no_leftovers(self, here: Path) -> None:
        """Nothing but the promised files is written."""
        hand_in(here, "ada", "passed")
        main(["grade", "submitted"])
        found = sorted(
            path.relative_to(here / "reports").as_posix() for path in (here / "reports").rglob("*.*")
        )
        assert found == sorted(["ada/lora_theory/report.html", "ada/lora_theory/report.json", *CLASS_FILES])

    @pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
    def test_the_graders_own_failure(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Where the grader dies the status is 1, the student is named, and the others are graded."""
        hand_in(here, "ada", "passed")
        hand_in(here, "carl", "dies")
        assert main(["grade", "submitted"]) == 1
        out = capsys.readouterr().out
        assert "Not graded: carl: the grading process ended with status 9" in out
        assert report(here, "ada")["score"] == 20
        assert [row["student_id"] for row in grades(here)] == ["ada", "carl"]
        assert grades(here)[1]["score"] == ""
        assert "carl" in (here / "reports/index.html").read_text()

    @pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
    def test_no_old_grade_for_new_work(self, here: Path) -> None:
        """Where the grader dies on new work the class table does not show the score of the old."""
        hand_in(here, "ada", "passed")
        main(["grade", "submitted"])
        hand_in(here, "ada", "dies")
        assert main(["grade", "submitted"]) == 1
        assert grades(here)[0]["score"] == ""
        assert not list((here / "reports/ada").rglob("report.*"))
        hand_in(here, "bob", "passed")
        main(["grade", "submitted", "--student", "bob"])
        assert [row["student_id"] for row in grades(here)] == ["bob"]

    def test_a_claim_that_needs_a_person(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A property at which the grader was at fault makes the status 1 and is named."""
        hand_in(here, "ada", "error")
        assert main(["grade", "submitted"]) == 1
        assert "Needs a person: ada: p, p" in capsys.readouterr().out

    def test_nothing_handed_in(self, here: Path) -> None:
        """A student without the assignment's folder has a row, and every exercise is missing."""
        hand_in(here, "ada", "passed")
        (here / "submitted" / "bob").mkdir()
        assert main(["grade", "submitted"]) == 0
        assert [exercise["status"] for exercise in report(here, "bob")["exercises"]] == ["missing"] * 2
        assert grades(here)[1]["status"] == "partly_graded"

    def test_a_student_who_left(self, here: Path) -> None:
        """Who is gone from SUBMITTED leaves the class pages; the report stays."""
        hand_in(here, "ada", "passed")
        hand_in(here, "bob", "passed")
        main(["grade", "submitted"])
        (here / "submitted" / "bob").rename(here / "bob")
        main(["grade", "submitted"])
        assert [row["student_id"] for row in grades(here)] == ["ada"]
        assert "bob" not in (here / "reports/index.html").read_text()
        assert report(here, "bob")["score"] == 20

    def test_one_student_only(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """`--student` leaves the others in the class pages as they were, and names whose report is an old one."""
        hand_in(here, "ada", "passed")
        hand_in(here, "bob", "passed")
        main(["grade", "submitted"])
        hand_in(here, "ada", "failed")
        hand_in(here, "bob", "failed")
        assert main(["grade", "submitted", "--student", "bob"]) == 0
        assert [(row["student_id"], row["score"]) for row in grades(here)] == [("ada", "20"), ("bob", "0")]
        assert "until graded again: ada\n" in capsys.readouterr().out
        assert main(["grade", "submitted", "--student", "ada"]) == 0
        assert "until graded again" not in capsys.readouterr().out

    def test_again(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The same call again grades nothing and leaves every student's file as it is."""
        hand_in(here, "ada", "passed")
        main(["grade", "submitted"])
        path = here / "reports/ada/lora_theory/report.json"
        before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        capsys.readouterr()
        assert main(["grade", "submitted"]) == 0
        assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before
        assert "0 graded, 1 kept from an earlier run" in capsys.readouterr().out

    def test_the_seed_stays_inside(self, here: Path) -> None:
        """No file of a run holds the seed, and without the salt of `run.json` no key could be checked."""
        (here / "loralab.toml").write_text("seed = 918273645918273645")
        hand_in(here, "ada", "passed")
        assert main(["grade", "submitted"]) == 0
        files = [path for path in (here / "reports").rglob("*.*") if path.is_file()]
        assert not [path for path in files if b"918273645918273645" in path.read_bytes()]
        salt = json.loads((here / "reports/run.json").read_text())["salt"]
        assert [path.name for path in files if salt.encode() in path.read_bytes()] == ["run.json"]

    @pytest.mark.parametrize(
        ("student_id", "name"),
        [
            ("<img src=x onerror=alert(1)>", "%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E"),
            ("=HYPERLINK(1)", "%3DHYPERLINK%281%29"),
            ("a\nb", "a%0Ab"),
            ("josé", "jos%C3%A9"),
            ("[bold]x[%", "%5Bbold%5Dx%5B%25"),
            ("index.html", "%69ndex.html"),
            ("x\udcff", "x%FF"),
            ("-rf", "-rf"),
        ],
    )
    def test_hostile_ids(
        self, here: Path, student_id: str, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Any folder name is a student: its report holds the id as it is, its path and pages are harmless."""
        hand_in(here, student_id, "passed")
        assert main(["grade", "submitted"]) == 0
        assert report(here, name)["student_id"] == student_id
        page = (here / "reports/index.html").read_text(encoding="utf-8")
        assert "<img src=x" not in page
        assert f"{name.replace('%', '%25')}/lora_theory/report.html" in page
        (row,) = grades(here)
        assert not row["student_id"].startswith(("=", "-"))
        assert "1 graded" in capsys.readouterr().out

    @pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
    def test_a_report_that_cannot_be_written(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A file in the place of a student's folder costs that report only."""
        hand_in(here, "ada", "passed")
        hand_in(here, "bob", "passed")
        (here / "reports").mkdir()
        (here / "reports" / "ada").write_text("")
        assert main(["grade", "submitted"]) == 1
        assert "Not graded: ada: the report could not be written" in capsys.readouterr().out
        assert report(here, "bob")["score"] == 20

    def test_two_runs_at_once(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A second run into the same folder is refused while the first one works, and not after it."""
        hand_in(here, "ada", "passed")
        (here / "reports").mkdir()
        with FileLock(here / "reports" / ".lock"):
            assert main(["grade", "submitted"]) == 2
            assert "another run is writing into 'reports'" in capsys.readouterr().err
            assert os.listdir(here / "reports") == [".lock"]
        assert main(["grade", "submitted"]) == 0

    def test_students_whose_turn_comes_later(self, here: Path) -> None:
        """The class's page counts whoever is not graded yet."""
        for student in ("ada", "bob", "eve"):
            hand_in(here, student, "passed")
        main(["grade", "submitted", "--student", "ada"])
        assert "<dt>not graded yet</dt><dd>2</dd>" in (here / "reports/index.html").read_text()
        main(["grade", "submitted"])
        assert "not graded yet" not in (here / "reports/index.html").read_text()

    def test_passed_over(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What is no student's folder is named."""
        hand_in(here, "ada", "passed")
        (here / "submitted" / "notes\x1b[31m.txt").write_text("")
        main(["grade", "submitted"])
        assert "Passed over: notes\\x1b[31m.txt (not a folder)" in capsys.readouterr().out


class TestWrongCalls:
    """A wrong call ends with 2 and one line that says what to do."""

    @pytest.mark.parametrize(
        ("call", "says"),
        [
            ([], "the following arguments are required: COMMAND"),
            (["grdae"], "invalid choice: 'grdae'"),
            (["grade"], "the following arguments are required: SUBMITTED"),
            (
                ["grade", "nowhere"],
                "SUBMITTED 'nowhere' is not a folder; give the folder that holds <student>",
            ),
            (["grade", "file"], "SUBMITTED 'file' is not a folder"),
            (["grade", "empty"], "holds no student's folder"),
            (["grade", "submitted/ada"], "is one student's folder"),
            (["grade", "submitted/ada/lora_theory"], "holds no student's folder"),
            (["grade", "submitted", "--only", "three"], "there is no exercise 'three'; there are one, two"),
            (["grade", "submitted", "--student", "eve"], "--student 'eve' has no folder"),
            (["grade", "--only", "one", "submitted"], "put it before --only and --student"),
            (["grade", "submitted", "--assignment", "other"], "no assignment 'other'; there is lora_theory"),
            (["grade", "submitted", "--jobs", "0"], "jobs is 0, should be at least 1"),
            (["grade", "submitted", "--jobs", "two"], "argument --jobs: invalid int value: 'two'"),
            (["grade", "submitted", "--examples", "-3"], "examples is -3, should be at least 1"),
            (["grade", "submitted", "--sandbox", "none"], "argument --sandbox: invalid choice: 'none'"),
            (["grade", "submitted", "--device", "tpu"], "argument --device: invalid choice: 'tpu'"),
            (["grade", "submitted", "--config", "nowhere"], "nowhere could not be read"),
            (["grade", "submitted", "--output", "file"], "OUTPUT 'file' cannot be made (it is a file)"),
            (["grade", "submitted", "--output", "file/x"], "OUTPUT 'file/x' cannot be made"),
            (["grade", "submitted", "--output", "submitted/reports"], "lies in SUBMITTED"),
            (["grade", "submitted", "--output", "submitted"], "lies in SUBMITTED"),
            (["grade", "submitted", "--nonsense"], "unrecognized arguments: --nonsense"),
            (["grade", "submitted", "line\nbreak"], "unrecognized arguments: line"),
            (["check"], "the following arguments are required: FILE_OR_FOLDER"),
            (["check", "nowhere.py"], "'nowhere.py' does not exist"),
            (["check", "file"], "is neither a .py file nor a notebook"),
            (
                ["check", "other.py"],
                "'other.py' is not named after an exercise; add --exercise with one of one, two",
            ),
            (
                ["check", "other.py", "--exercise", "three"],
                "there is no exercise 'three'; there are one, two",
            ),
            (["check", "other.py", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
        ],
    )
    def test_one_line(
        self, here: Path, capsys: pytest.CaptureFixture[str], call: list[str], says: str
    ) -> None:
        """Nothing goes to standard output, one line to standard error, and nothing is written."""
        hand_in(here, "ada", "passed")
        (here / "file").write_text("")
        (here / "other.py").write_text("passed")
        (here / "empty").mkdir()
        assert main(call) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("loralab: ")
        assert says in err
        assert err.count("\n") == 1
        assert not (here / "reports").exists()

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("sede = 3", "unknown setting 'sede'; did you mean 'seed'?"),
            (
                "colour = 3",
                "unknown setting 'colour'; the settings are seed, examples, jobs, device, sandbox",
            ),
            ('seed = "3"', "seed is '3', should be a whole number"),
            ("seed = true", "seed is True, should be a whole number"),
            ("jobs = 1.5", "jobs is 1.5, should be a whole number"),
            ("sandbox = false", "sandbox is False, should be one of auto, strict, off"),
            ("seed =", "is not valid TOML"),
            ("[grade]\nseed = 3", "unknown setting 'grade'"),
        ],
    )
    def test_settings(self, here: Path, capsys: pytest.CaptureFixture[str], text: str, says: str) -> None:
        """A setting that cannot be used is named, with the file that it stands in."""
        (here / "loralab.toml").write_text(text)
        hand_in(here, "ada", "passed")
        assert main(["grade", "submitted"]) == 2
        err = capsys.readouterr().err
        assert says in err
        assert "loralab.toml" in err
        assert err.count("\n") == 1

    def test_the_public_seed(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A run says so where it draws by the seed that stands in the source, and only there."""
        hand_in(here, "ada", "passed")
        assert main(["grade", "submitted"]) == 0
        assert "set a private one" in capsys.readouterr().out
        (here / "loralab.toml").write_text("seed = 7\n")
        assert main(["grade", "submitted"]) == 0
        assert "set a private one" not in capsys.readouterr().out

    def test_options_win(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An option takes the place of what stands in the settings."""
        (here / "loralab.toml").write_text("examples = 7\njobs = 1")
        hand_in(here, "ada", "passed")
        main(["grade", "submitted", "--examples", "9"])
        assert report(here, "ada")["environment"]["examples"] == 9
        assert json.loads((here / "reports/run.json").read_text())["jobs"] == 1


class TestCheck:
    """`loralab check`."""

    @pytest.mark.parametrize(("text", "status"), [("passed", 0), ("failed", 1), ("error", 1), ("", 1)])
    def test_status(self, here: Path, capsys: pytest.CaptureFixture[str], text: str, status: int) -> None:
        """0 says that all properties hold, 1 that some do not."""
        (here / "one.py").write_text(text)
        assert main(["check", "one.py"]) == status
        assert "one" in capsys.readouterr().out

    def test_only_the_files_exercise(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Of a file only its exercise is shown."""
        (here / "one.py").write_text("passed")
        main(["check", "one.py", "--format", "json"])
        data = json.loads(capsys.readouterr().out)
        assert [exercise["id"] for exercise in data["exercises"]] == ["one"]

    def test_a_file_of_any_name(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With `--exercise` the file may have any name."""
        (here / "my draft.py").write_text("passed")
        assert main(["check", "my draft.py", "--exercise", "two", "--format", "json"]) == 0
        data = json.loads(capsys.readouterr().out)
        assert [exercise["id"] for exercise in data["exercises"]] == ["two"]

    def test_a_notebook(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Of a notebook only the exercises that it holds are shown, and counted."""
        (here / "lab.ipynb").write_text("passed")
        assert main(["check", "lab.ipynb", "--format", "json"]) == 0
        data = json.loads(capsys.readouterr().out)
        assert [exercise["id"] for exercise in data["exercises"]] == ["one"]

    def test_an_empty_notebook(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A notebook without any exercise says what is missing."""
        (here / "lab.ipynb").write_text("")
        assert main(["check", "lab.ipynb", "--format", "json"]) == 1
        assert len(json.loads(capsys.readouterr().out)["exercises"]) == 2

    def test_a_folder(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder is checked whole."""
        hand_in(here, "ada", "failed")
        assert main(["check", "submitted/ada/lora_theory", "--format", "md"]) == 1
        out = capsys.readouterr().out
        assert "one" in out
        assert "two" in out

    def test_interruption(
        self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ctrl-C ends with one line and the status that shells know."""
        (here / "one.py").write_text("interrupts")
        assert main(["check", "one.py"]) == 130
        assert capsys.readouterr().err.count("\n") == 1

        def interrupted(*_: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr("graders.doors.cli.grade_class", interrupted)
        for more, same in (
            ([], "the same call goes on"),
            (["--force"], "the same call without --force goes on"),
        ):
            assert main(["grade", "submitted", *more]) == 130
            assert same in capsys.readouterr().err

    def test_a_box_that_fails(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A box that fails meanwhile is told in one line."""
        (here / "one.py").write_text("breaks the box")
        assert main(["check", "one.py"]) == 1
        assert capsys.readouterr().err == "loralab: the box failed (it has ended); try again\n"

    def test_any_encoding(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """JSON on standard output is ASCII: a shell may write it into a file in whatever encoding."""
        (here / "one.py").write_text("passed", encoding="utf-8")
        assert main(["check", "one.py", "--format", "json"]) == 0
        assert capsys.readouterr().out.isascii()


class TestFiles:
    """Files are whole or not there."""

    def test_a_write_that_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A write that is cut short leaves the old file and nothing beside it."""

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        write_text(tmp_path / "a" / "x", "old")
        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="No space"):
            write_text(tmp_path / "a" / "x", "new")
        assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]
        assert (tmp_path / "a" / "x").read_text() == "old"


class Program:
    """Runs the command as a program."""

    def run(self, *call: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "graders", *call]
        return subprocess.run(line, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=600)


class TestProcess(Program):
    """The command as a program."""

    def test_version(self, tmp_path: Path) -> None:
        """`--version` names the program and its version."""
        done = self.run("--version", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"loralab {graders.__version__}\n")

    def test_help(self, tmp_path: Path) -> None:
        """Every option of the interface stands in the help."""
        shown = self.run("grade", "--help", cwd=tmp_path).stdout
        for name in (
            "assignment",
            "output",
            "only",
            "student",
            "jobs",
            "device",
            "seed",
            "examples",
            "sandbox",
        ):
            assert f"--{name}" in shown
        assert "--force" in shown
        assert "--config" in shown

    def test_a_wrong_call_is_quick(self, tmp_path: Path) -> None:
        """A wrong call is told without a start of torch."""
        code = (
            "import sys\nfrom graders.doors.cli import main\n"
            "assert main(['grade', 'nowhere']) == 2\nassert 'torch' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the box's protections are Linux's")
class TestRealThing(Program):
    """The command with the real judge and the real box."""

    QUICK = ("--only", "memory_calculation", "nf4_quantization", "--examples", "6")

    @pytest.fixture
    def school(self, tmp_path: Path) -> Path:
        """A right submission, a syntax error, a link, nothing at all, an id with markup."""
        solutions = ROOT / "reference_solutions" / "lora_theory"
        for student_id in ("ada", "bob", "<b>carl"):
            hand_in(tmp_path, student_id, "def broken(:", "nf4_quantization.py")
        for student_id in ("ada", "<b>carl"):
            for path in solutions.glob("*.py"):
                hand_in(tmp_path, student_id, path.read_text(), path.name)
        (tmp_path / "submitted/bob/lora_theory/memory_calculation.py").symlink_to(
            tmp_path / "submitted/ada/lora_theory/memory_calculation.py"
        )
        (tmp_path / "submitted/dora").mkdir()
        return tmp_path

    def statuses(self, home: Path, name: str) -> list[str]:
        return [exercise["status"] for exercise in report(home, name)["exercises"]]

    def test_a_class(self, school: Path) -> None:
        """Two jobs or one give equal files but for what may differ; a second call grades nothing."""
        first = self.run("grade", "submitted", *self.QUICK, "--jobs", "2", cwd=school)
        assert (first.returncode, first.stderr) == (0, "")
        assert report(school, "ada")["score"] == 40
        assert self.statuses(school, "bob") == ["unreadable", "import_failed"]
        assert self.statuses(school, "dora") == ["missing", "missing"]
        assert report(school, "%3Cb%3Ecarl")["score"] == 40

        again = self.run("grade", "submitted", *self.QUICK, "--jobs", "1", cwd=school)
        assert "0 graded, 4 kept from an earlier run" in again.stdout

        (school / "reports").rename(school / "two")
        self.run("grade", "submitted", *self.QUICK, "--jobs", "1", cwd=school)
        assert comparable(school / "reports") == comparable(school / "two")

    def test_interrupted(self, school: Path) -> None:
        """Ctrl-C leaves what is graded; the same call goes on from there."""
        line = [sys.executable, "-m", "graders", "grade", "submitted", *self.QUICK, "--jobs", "1"]
        running = subprocess.Popen(
            line, cwd=school, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert running.stdout is not None
        while not running.stdout.readline().startswith("[1/4]"):
            assert running.poll() is None
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=60)
        assert running.returncode == 130
        assert err == "loralab: interrupted; what is graded is kept, and the same call goes on from there\n"
        done = self.run("grade", "submitted", *self.QUICK, cwd=school)
        assert done.returncode == 0
        assert "kept from an earlier run" in done.stdout
        assert len(grades(school)) == 4

    @pytest.mark.parametrize("form", ["text", "md", "json"])
    def test_check(self, school: Path, form: str) -> None:
        """One's own file is checked in the same box: 0 for the solution, in each format."""
        path = "submitted/ada/lora_theory/memory_calculation.py"
        done = self.run("check", path, "--format", form, cwd=school)
        assert (done.returncode, done.stderr) == (0, "")
        assert "memory_calculation" in done.stdout
        assert "nf4_quantization" not in done.stdout

    def test_check_of_a_wrong_file(self, school: Path) -> None:
        """A file that does not load gets its sentence and status 1."""
        done = self.run("check", "submitted/bob/lora_theory/nf4_quantization.py", cwd=school)
        assert done.returncode == 1
        assert "SyntaxError" in done.stdout


def comparable(output: Path) -> dict[str, Any]:
    """The files of a run, without the fields that may differ from run to run."""
    found: dict[str, Any] = {}
    for path in output.rglob("*.*"):
        if path.is_file() and not path.name.startswith("run."):
            name = path.relative_to(output).as_posix()
            found[name] = path.read_text(encoding="utf-8")
            if path.suffix == ".json":
                data = json.loads(found[name])
                may_differ = ("timing", "environment", "protections")
                found[name] = {key: value for key, value in data.items() if key not in may_differ}
    return found
