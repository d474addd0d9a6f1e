"""`loralab course FOLDER`: a course's folder, ready for nbgrader's commands."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from graders.doors.nbgrader.cells import source_notebook
from graders.grade import assignments, data_folder
from graders.run import CallError

CONFIG = '''"""nbgrader's settings of this course; loralab grades its own assignments, nbgrader any others."""

from graders.doors.nbgrader import configure

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "{course}"
{exchange}
configure(c)
'''
EXCHANGE = '# c.Exchange.root = "/srv/nbgrader/exchange"  # the folder through which students and course exchange files'
SETTINGS = """# How loralab grades in this course. Keep this file to yourself: the seed decides every case that is graded.
seed = {seed}
"""


def make_course(folder: Path, course: str, exchange: Path | None = None) -> list[Path]:
    """Write what a course needs and does not have yet, and say what was written.

    nbgrader releases every file that lies beside a source notebook, so there is only the given code. Solutions stand
    in the source notebook, between nbgrader's marks. Raises CallError where the folder cannot be written.
    """
    root = EXCHANGE if exchange is None else f"c.Exchange.root = {str(exchange.resolve())!r}"
    files = {
        "nbgrader_config.py": CONFIG.format(course=course, exchange=root),
        "loralab.toml": SETTINGS.format(seed=secrets.randbits(62)),
    }
    for name in assignments():
        source = Path("source", name)
        files[str(source / f"{name}.ipynb")] = (
            json.dumps(source_notebook(name), indent=1, ensure_ascii=False) + "\n"
        )
        given = data_folder("assignments", name) / "lab.py"
        files[str(source / "lab.py")] = given.read_text(encoding="utf-8")
    written = []
    try:
        for place, text in files.items():
            path = folder / place
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                written.append(path)
    except OSError as error:
        raise CallError(
            f"{str(folder)!r} cannot be written ({error.strerror}); give another folder"
        ) from None
    return written
