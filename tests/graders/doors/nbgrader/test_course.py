"""nbgrader's own commands, from the course's folder to released feedback, with a class of oddities."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="needs nbgrader: make setup")

from nbgrader.api import Gradebook

from graders.doors.cli import main
from graders.doors.nbgrader import cells, gradebook, notebooks
from graders.doors.nbgrader.notebooks import definitions
from graders.grade import data_folder, reference_submission
from graders.run import Submission
from tests.graders.doors.nbgrader.class_of_oddities import SCORES, WRONG, filled
from tests.graders.doors.nbgrader.conftest import NAME, Course


def test_every_student_has_a_row_with_their_points(course: Course) -> None:
    """What is odd about a submission costs nothing; what is wrong in it costs its own points; nobody is left out."""
    rows = course.exported()
    through_exchange = set(rows) - set(SCORES)
    assert len(through_exchange) == 1
    assert {name: float(row["raw_score"]) for name, row in rows.items()} == {
        **SCORES, **dict.fromkeys(through_exchange, 40.0),
    }  # fmt: skip


def test_lateness_is_nbgraders(course: Course) -> None:
    """Late work is penalised by the course's penalty plug-in, and only that."""
    rows = course.exported()
    late = {name for name, row in rows.items() if float(row["late_submission_penalty"]) > 0}
    assert late - set(SCORES) == set(rows) - set(
        SCORES
    )  # the due date is in the past: who submits now is late
    assert late & set(SCORES) == {"late@uni.example"}
    assert float(rows["late@uni.example"]["score"]) == 0


def test_every_student_has_feedback_with_the_report_and_the_reason(course: Course) -> None:
    """The page has our report in a frame, and a comment below the answer; what a submission wrote is never markup."""
    for student in set(SCORES) - {"a_file"}:  # nbgrader knows no folder of theirs
        page = (course.root / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")
        assert "<iframe" in page, student
        assert "<img src=x" not in page, student
        assert page.count("Comments:") == 4, student
    said = (course.root / "feedback" / "<b>jo" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "raised ValueError" in said


def test_comments_say_why(course: Course) -> None:
    """In the gradebook each exercise has the report's text as its comment."""
    with Gradebook(course.url, "dl") as book:
        key = (NAME, NAME)
        assert "raised ValueError" in book.find_comment("nf4_quantization", *key, "forged").comment
        assert "13 of 13 claims hold" in book.find_comment("nf4_quantization", *key, "split").comment
        assert "not attempted" in book.find_comment("selective_injection", *key, "untouched").comment
        assert "should be a folder" in book.find_comment("nf4_quantization", *key, "a_file").comment
        assert "pipe" in book.find_comment("nf4_quantization", *key, "with_a_pipe").comment
        assert "not valid UTF-8" in book.find_comment("nf4_quantization", *key, "unreadable").comment


def test_each_exercise_has_its_cells_once(course: Course) -> None:
    """In what nbgrader grades, an answer and a cell with points for each exercise, wherever the answers stood."""
    names = [name for id in definitions(NAME) for name in (id, cells.points_id(id))]
    for student in set(SCORES) - {"a_file"}:
        (path,) = (course.root / "autograded" / student / NAME).glob("*.ipynb")
        there = [cells.grade_id(cell) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        assert sorted(name for name in there if name in names) == sorted(names), student


def test_submissions_are_left_as_they_were(course: Course) -> None:
    """Nothing stays in `submitted/` that was not handed in."""
    assert not (course.root / "submitted" / "files_only" / NAME / f"{NAME}.ipynb").exists()
    assert not (course.root / "submitted" / "renamed_file" / NAME / f"{NAME}.ipynb").exists()


def test_what_a_person_said_stays(course: Course) -> None:
    """A second hand-in that was copied by hand is taken in; a manual score and comment survive it; the cell asks to be looked at again."""
    key = (NAME, NAME, "reordered")
    with Gradebook(course.url, "dl") as book:
        book.find_grade("points-nf4_quantization", *key).manual_score = 11.5
        book.find_comment("nf4_quantization", *key).manual_comment = "See me."
        book.db.commit()
    again = filled(course.released, nf4_quantization=WRONG)
    (course.root / "submitted" / "reordered" / NAME / f"{NAME}.ipynb").write_text(json.dumps(again))
    course.run("autograde", NAME, "--student=reordered")
    with Gradebook(course.url, "dl") as book:
        grade = book.find_grade("points-nf4_quantization", *key)
        assert (grade.score, grade.auto_score, grade.needs_manual_grade) == (11.5, 0.0, True)
        assert "raised ValueError" in book.find_comment("nf4_quantization", *key).auto_comment
        assert book.find_grade("points-memory_calculation", *key).score == 20
        assert book.find_comment("nf4_quantization", *key).comment == "See me."


def test_feedback_is_released(course: Course) -> None:
    """Who handed in through the exchange gets the feedback there; of the others the course is told."""
    said = course.run("release_feedback", NAME)
    assert "hand this feedback back yourself" in said
    course.at_home("fetch_feedback", NAME)
    (page,) = course.home.glob(f"{NAME}/feedback/*/{NAME}.html")
    assert "<iframe" in page.read_text(encoding="utf-8")


def test_an_assignment_that_was_never_made(course: Course) -> None:
    """Where the gradebook does not have it, autograde says what to do."""
    said = course.run("autograde", NAME, "--db=sqlite:///other.db", status=1)
    assert "run nbgrader generate_assignment first" in said


def test_one_gradebook_for_everything(tmp_path: Path, course: Course) -> None:
    """`loralab grade --gradebook` fills the same gradebook from files, also one that nbgrader never saw."""
    submitted, url = course.root / "submitted", f"sqlite:///{tmp_path / 'new.db'}"
    common = [str(submitted), "--output", str(tmp_path / "reports"), "--student", "files_only", "<b>jo"]
    assert main(["grade", *common, "--gradebook", url]) == 0
    with Gradebook(url) as book:
        assert {s.student.id: s.score for s in book.assignment_submissions(NAME)} == {
            "files_only": 40,
            "<b>jo": 20,
        }
        assert book.find_assignment(NAME).max_score == 100
        assert "raised ValueError" in book.find_comment("nf4_quantization", NAME, NAME, "<b>jo").comment


def test_a_gradebook_that_is_none(tmp_path: Path, course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """A database that cannot be opened is told in one line, before anything is graded."""
    common = [
        str(course.root / "submitted"),
        "--output",
        str(tmp_path / "reports"),
        "--student",
        "files_only",
    ]
    assert main(["grade", *common, "--gradebook", "sqlite:////no/such/folder/gradebook.db"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert line.startswith("loralab: --gradebook")
    assert "database URL" in line
    assert not (tmp_path / "reports" / "files_only").exists()


def test_an_instructors_own_cells_stay(tmp_path: Path, course: Course) -> None:
    """A question that an instructor added is kept with its answer, and waits for a person."""
    own = {"cell_type": "markdown", "source": "Because.", "metadata": {"nbgrader": {"grade_id": "why"}}}
    notebook = {**course.released, "cells": [own, *course.released["cells"]]}
    shutil.copy(course.root / "gradebook.db", tmp_path)
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "dl") as book:
        book.update_or_create_source_cell(
            "why", NAME, NAME, cell_type="markdown", source="Why?", checksum="0"
        )
        book.update_or_create_grade_cell("why", NAME, NAME, max_score=5, cell_type="markdown")
        book.update_or_create_solution_cell("why", NAME, NAME)
        made = notebooks.tidy(
            Submission("ada", NAME, {}, json.dumps(notebook).encode(), f"{NAME}.ipynb"), book
        )
        lost = notebooks.tidy(Submission("ada", NAME), book)
    (kept,) = [cell for cell in made.cells if cells.grade_id(cell) == "why"]
    assert (kept.source, kept.metadata.nbgrader.points, kept.metadata.nbgrader.solution) == (
        "Because.",
        5,
        True,
    )
    assert [cell.source for cell in lost.cells if cells.grade_id(cell) == "why"] == ["Why?"]


def test_no_solution_is_released(course: Course) -> None:
    """No line of 30 characters or more of a solution stands in what is released, but for those of a stub or `lab.py`."""
    solutions = reference_submission(NAME).files.values()
    handed_out = "".join(path.read_text() for path in data_folder("assignments", NAME).glob("*.py"))
    lines = {line.strip() for text in solutions for line in text.decode().splitlines()}
    secret = {line for line in lines if len(line) >= 30 and line not in handed_out}
    source = course.root / "source" / NAME / f"{NAME}.ipynb"
    assert len(secret) > 20
    assert len(found_in(source, secret)) > 20  # a search that finds them where they are
    for path in (course.root / "release").rglob("*"):
        assert not path.is_file() or found_in(path, secret) == set(), path


def found_in(path: Path, secret: set[str]) -> set[str]:
    """Which of these lines stand in a file, a notebook's cells decoded."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join(notebooks.text_of(cell) for cell in json.loads(text)["cells"])
    return {line for line in secret if line in text}


def test_the_source_is_the_same_each_time(tmp_path: Path, course: Course) -> None:
    """A course that is made again has the same notebook, byte for byte, and a seed of its own."""
    assert main(["course", str(tmp_path)]) == 0
    source = Path("source", NAME, f"{NAME}.ipynb")
    assert (tmp_path / source).read_bytes() == (course.root / source).read_bytes()
    assert (tmp_path / "loralab.toml").read_text() != (course.root / "loralab.toml").read_text()


def test_what_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A course's own settings are never overwritten."""
    (tmp_path / "nbgrader_config.py").write_text("mine")
    assert main(["course", str(tmp_path)]) == main(["course", str(tmp_path)]) == 0
    assert (tmp_path / "nbgrader_config.py").read_text() == "mine"
    assert "nothing was changed" in capsys.readouterr().out


def test_a_released_stub_is_untouched(course: Course) -> None:
    """What nbgrader puts in the place of a solution counts as not attempted."""
    report = json.loads((course.root / "reports" / "untouched" / NAME / "report.json").read_text())
    assert {exercise["status"] for exercise in report["exercises"]} == {"not_attempted"}


@pytest.mark.parametrize("stamp", [b"9" * 23, b"0001-01-01 00:00:00+10:00", b"\xff\xfe", b"soon", b""])
def test_a_time_that_is_none(tmp_path: Path, stamp: bytes) -> None:
    """A student's `timestamp.txt` may say anything."""
    (tmp_path / "timestamp.txt").write_bytes(stamp)
    assert gradebook.timestamp(tmp_path) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among files")
def test_a_time_that_is_a_pipe_or_a_link(tmp_path: Path) -> None:
    """Nobody waits for a pipe, and no link is followed."""
    os.mkfifo(tmp_path / "timestamp.txt")
    assert gradebook.timestamp(tmp_path) is None
    other = tmp_path / "elsewhere"
    other.mkdir()
    (tmp_path / "real").write_text("2026-02-03 10:00:00 UTC")
    (other / "timestamp.txt").symlink_to(tmp_path / "real")
    assert gradebook.timestamp(other) is None


def test_a_name_that_no_gradebook_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody whom the database refuses is named, the others are recorded, and every page is written."""
    for name in (b"ada", b"jos\xe9", b"zoe"):
        Path(os.fsdecode(bytes(tmp_path) + b"/submitted/" + name), NAME).mkdir(parents=True)
    url, output = f"sqlite:///{tmp_path / 'gradebook.db'}", tmp_path / "reports"
    assert main(["grade", str(tmp_path / "submitted"), "--output", str(output), "--gradebook", url]) == 1
    assert "the gradebook could not take in jos\ufffd (" in capsys.readouterr().err
    with Gradebook(url) as book:
        assert {s.student.id for s in book.assignment_submissions(NAME)} == {"ada", "zoe"}
    assert (output / "index.html").is_file()
