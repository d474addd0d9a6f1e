"""A course that has gone from release to feedback, by nbgrader's own commands."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graders.doors.cli import main
from graders.doors.nbgrader import find_commands
from tests.graders.doors.nbgrader.class_of_oddities import filled, hand_in

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
        """The released notebook."""
        data: dict[str, Any] = json.loads((self.root / "release" / NAME / f"{NAME}.ipynb").read_text())
        return data

    @property
    def url(self) -> str:
        """The gradebook's."""
        return f"sqlite:///{self.root / 'gradebook.db'}"

    def exported(self) -> dict[str, dict[str, str]]:
        """`nbgrader export`, by student."""
        self.run("export", "--to=grades.csv")
        with (self.root / "grades.csv").open(encoding="utf-8") as file:
            return {row["student_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="package")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """One submission came through the exchange, the others were copied by hand."""
    pytest.importorskip("nbgrader", reason="needs nbgrader: make setup")
    find_commands()
    course = Course(tmp_path_factory.mktemp("nbgrader"))
    course.run("release_assignment", NAME)
    course.at_home("fetch_assignment", NAME)
    mine = course.home / NAME / f"{NAME}.ipynb"
    mine.write_text(json.dumps(filled(json.loads(mine.read_text()))))
    course.at_home("submit", NAME)
    course.run("collect", NAME)
    hand_in(course.root / "submitted", course.released)
    course.run("autograde", NAME)
    course.run("generate_feedback", NAME)
    return course
