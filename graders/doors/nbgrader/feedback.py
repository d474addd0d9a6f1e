"""Our report within nbgrader's feedback, and feedback handed out also where some were handed in by other ways."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.preprocessors import NbGraderPreprocessor

from graders.doors.files import report_path
from graders.doors.nbgrader.autograding import REPORTS
from graders.run import list_students

FRAME = (
    '<iframe title="Report: what was asked, what happened" sandbox="allow-same-origin" srcdoc="{page}" '
    'style="width: 100%; height: 85vh; border: 1px solid #ccc"></iframe>'
)


class ShowReport(NbGraderPreprocessor):  # type: ignore[misc]
    """Shows the report's page at the top of the feedback, in a frame of its own that runs no script."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Adds the page of the student's report, where there is one."""
        place = resources["nbgrader"]
        root = Path(self.parent.parent.coursedir.root)
        submitted = root / self.parent.parent.coursedir.submitted_directory
        names = {s.student_id: s.name for s in list_students(submitted, place["assignment"]).students}
        name = names.get(place["student"], place["student"])
        page = report_path(root / REPORTS, name, place["assignment"]).with_suffix(".html")
        if page.is_file():
            shown = FRAME.format(page=html.escape(page.read_text(encoding="utf-8")))
            output = new_output("display_data", data={"text/html": shown})
            nb.cells.insert(0, new_code_cell("# The report on this submission", outputs=[output]))
        return nb, resources


class ReleaseFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """nbgrader's own, but a submission that did not come through its exchange does not stop the others' feedback."""

    def copy_files(self) -> None:
        """Passes over feedback that the exchange cannot give back, and says where it lies."""
        course = self.coursedir
        needed = ("timestamp.txt", "submission_secret.txt")
        place = Path(course.format_path(course.feedback_directory, "*", course.assignment_id))
        folders = [path for path in place.parent.parent.glob(f"*/{course.assignment_id}") if path.is_dir()]
        others = [path for path in folders if not all(os.path.isfile(path / name) for name in needed)]
        for path in others:
            self.log.warning("Not handed in through nbgrader, so hand this feedback back yourself: %s", path)
        before = course.student_id_exclude
        course.student_id_exclude = ",".join(filter(None, [before, *(path.parent.name for path in others)]))
        try:
            super().copy_files()
        finally:
            course.student_id_exclude = before
