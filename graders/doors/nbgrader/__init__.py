"""nbgrader's door: its commands work as their users know them, but our grader takes the place of its kernel.

`cells` names the graded cells, `course` makes a course's folder, `notebooks` makes every submission a notebook that
nbgrader can handle, `autograding` runs the class in our pool and puts points and comments in, `gradebook` writes
them, `feedback` shows the report. A course's `nbgrader_config.py` calls `configure`, which needs the extra `nbgrader`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

TESTED = "0.9.6"  # two of the places that we use are no promise of nbgrader's


def configure(c: Any) -> None:
    """Set up nbgrader for our assignments; others of the course stay as they are. `c` is nbgrader's `get_config()`."""
    import nbgrader

    from graders.doors.nbgrader import autograding

    if nbgrader.__version__ != TESTED:
        print(f"loralab was tested with nbgrader {TESTED}, this is {nbgrader.__version__}")
    find_commands()
    autograding.install()
    c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("your code goes here")'}
    c.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "graders.doors.nbgrader.feedback.ShowReport",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    c.ExchangeFactory.release_feedback = "graders.doors.nbgrader.feedback.ReleaseFeedback"


def find_commands() -> None:
    """nbgrader calls `alembic` by its name: it is found also where Python's environment is not activated."""
    here = os.path.dirname(sys.executable)
    paths = os.environ.get("PATH", "").split(os.pathsep)
    if here not in paths:
        os.environ["PATH"] = os.pathsep.join([*paths, here])
