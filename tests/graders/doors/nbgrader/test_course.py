"""nbgrader's own commands, from the course's folder to released feedback, with a class of oddities."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

nbgrader = pytest.importorskip("nbgrader", reason="needs nbgrader: make setup")

from nbgrader.api import Gradebook  # noqa: E402

from graders.doors.cli import main  # noqa: E402
from graders.doors.nbgrader import find_commands  # noqa: E402
from tests.graders.doors.nbgrader.class_of_oddities import SCORES, filled, hand_in  # noqa: E402

NAME = "lora_theory"


class Course:
    """A course's folder in which nbgrader's commands are called."""

    def __init__(self, root: Path) -> None:
        self.root, self.exchange = root / "course", root / "exchange"
        self.home = root / "student"
        self.exchange.mkdir()
        self.exchange.chmod(0o777)
        self.home.mkdir()
        assert main(["course", str(self.root), "--course", "dl"]) == 0
        with (self.root / "nbgrader_config.py").open("a") as config:
            config.write(f"c.Exchange.root = {str(self.exchange)!r}\n")
            config.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
        self.run("generate_assignment", NAME)
        self.run("db", "assignment", "add", NAME, "--duedate", "2026-02-01 12:00:00 UTC")

    def run(self, *arguments: str, where: Path | None = None, status: int = 0) -> str:
        """What one of nbgrader's commands says."""
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments], cwd=where or self.root, capture_output=True, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def at_home(self, *arguments: str) -> str:
        """The same by a student, in a folder of their own."""
        return self.run(*arguments, "--course=dl", f"--Exchange.root={self.exchange}", where=self.home)

    @property
    def released(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.root / "release" / NAME / f"{NAME}.ipynb").read_text())
        return data

    @property
    def book(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}", "dl")

    def exported(self) -> dict[str, dict[str, str]]:
        """`nbgrader export`, by student."""
        self.run("export", "--to=grades.csv")
        with (self.root / "grades.csv").open(encoding="utf-8") as file:
            return {row["student_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course that has gone from release to feedback."""
    find_commands()
    course = Course(tmp_path_factory.mktemp("nbgrader"))
    course.run("release_assignment", NAME)
    course.at_home("fetch_assignment", NAME)
    mine = course.home / NAME / f"{NAME}.ipynb"
    mine.write_text(json.dumps(filled(json.loads(mine.read_text()))))
    course.at_home("submit", NAME)
    course.run("collect", NAME)
    hand_in(course.root / "submitted", course.released)
    course.said = course.run("autograde", NAME)  # type: ignore[attr-defined]
    course.run("generate_feedback", NAME)
    return course


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
    for student in SCORES:
        page = (course.root / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")
        assert "<iframe" in page, student
        assert "<img src=x" not in page, student
        assert page.count("Comments:") == 4, student
    said = (course.root / "feedback" / "<b>jo" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "raised ValueError" in said


def test_comments_say_why(course: Course) -> None:
    """In the gradebook each exercise has the report's text as its comment."""
    with course.book as book:
        key = (NAME, NAME)
        assert "raised ValueError" in book.find_comment("nf4_quantization", *key, "forged").comment
        assert "13 of 13 claims hold" in book.find_comment("nf4_quantization", *key, "split").comment
        assert "not attempted" in book.find_comment("selective_injection", *key, "untouched").comment
        assert "pipe" in book.find_comment("nf4_quantization", *key, "with_a_pipe").comment
        assert "not valid UTF-8" in book.find_comment("nf4_quantization", *key, "unreadable").comment


def test_submissions_are_left_as_they_were(course: Course) -> None:
    """Nothing stays in `submitted/` that was not handed in."""
    assert not (course.root / "submitted" / "files_only" / NAME / f"{NAME}.ipynb").exists()
    assert not (course.root / "submitted" / "renamed_file" / NAME / f"{NAME}.ipynb").exists()


def test_what_a_person_said_stays(course: Course) -> None:
    """A manual score and a manual comment survive autograding again; the cell asks to be looked at again."""
    key = (NAME, NAME, "files_only")
    with course.book as book:
        book.find_grade("points-nf4_quantization", *key).manual_score = 11.5
        book.find_comment("nf4_quantization", *key).manual_comment = "See me."
        book.db.commit()
    course.run("autograde", NAME, "--student=files_only", "--force")
    with course.book as book:
        grade = book.find_grade("points-nf4_quantization", *key)
        assert (grade.score, grade.auto_score, grade.needs_manual_grade) == (11.5, 20.0, True)
        assert book.find_comment("nf4_quantization", *key).comment == "See me."


def test_feedback_is_released(course: Course) -> None:
    """Who handed in through the exchange gets the feedback there; of the others the course is told."""
    said = course.run("release_feedback", NAME)
    assert "hand this feedback back yourself" in said
    course.at_home("fetch_feedback", NAME)
    (page,) = course.home.glob(f"{NAME}/feedback/*/{NAME}.html")
    assert "<iframe" in page.read_text(encoding="utf-8")


def test_a_person_is_asked_where_the_grader_fails(course: Course) -> None:
    """Nobody who is missing in the gradebook is graded: autograde says what to do."""
    said = course.run("autograde", NAME, "--db=sqlite:///other.db", status=1)
    assert "run nbgrader generate_assignment first" in said
