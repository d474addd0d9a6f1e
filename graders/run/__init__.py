"""Grades a class, whatever is handed in and whatever happens meanwhile.

`roster` lists who handed in, `ledger` knows what was graded already, `pool` does tasks in processes that may
die, `opening` opens their box, `classroom` puts them together. Nothing here writes a file: the doors do.
"""

from graders.judge.reading import (
    DEFAULT_ASSIGNMENT,
    KIT,
    Submission,
    read_file,
    read_regular,
    read_submission,
)
from graders.run.classroom import Grade, Result, Wish, grade_one, outdated, run_class
from graders.run.errors import CallError, GraderError
from graders.run.ledger import read_report, read_run, salt_of, version
from graders.run.opening import AnyBox, box_failures, open_box
from graders.run.roster import Roster, Student, choose, list_students, output_names, safe_name

__all__ = [
    "DEFAULT_ASSIGNMENT",
    "KIT",
    "AnyBox",
    "CallError",
    "Grade",
    "GraderError",
    "Result",
    "Roster",
    "Student",
    "Submission",
    "Wish",
    "box_failures",
    "choose",
    "grade_one",
    "list_students",
    "open_box",
    "outdated",
    "output_names",
    "read_file",
    "read_regular",
    "read_report",
    "read_run",
    "read_submission",
    "run_class",
    "safe_name",
    "salt_of",
    "version",
]
