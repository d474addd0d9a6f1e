"""`loralab grade --similar`: which submissions are nearly the same text. A hint for a person, never points.

Texts are compared as copydetect reads them: without comments, layout and the names that somebody chose, by all
their runs of 25 characters (Schleimer, Wilkerson and Aiken 2003). What was handed out does not count, nor does what
more than 10 submissions share, as in MOSS: it is how the exercise is solved.
"""

from __future__ import annotations

import io
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from graders.feedback.course import Similar
from graders.run import KIT, CallError, Student, Submission, read_submission

LENGTH = 25  # characters of a run: copydetect's own measure of noise
COMMON = 10  # submissions that may share a run before it counts as common
LEAST = 80  # runs that the shorter text must have of its own
SHARE = 0.8  # of the shorter text's runs that stand in the other
_LONGEST = 200_000  # characters of a text: a longer one is cut

Runs = frozenset[int]


def near(students: Sequence[Student], assignment: str, handed_out: Path) -> list[Similar]:
    """Pairs of students whose texts are nearly the same, the longest common text first."""
    known = frozenset[int]().union(
        *(_runs(text) for text in texts(read_submission(handed_out, "", assignment)).values())
    )
    found: dict[str, dict[str, Runs]] = {}
    for student in students:
        for name, text in texts(read_submission(student.folder, student.student_id, assignment)).items():
            found.setdefault(name, {})[student.student_id] = _runs(text) - known
    pairs = [pair for name in found for pair in _pairs(name, found[name])]
    return sorted(pairs, key=lambda pair: (-pair.common, pair.exercise, pair.first, pair.second))


def ready() -> None:
    """Raises CallError where copydetect is not installed."""
    try:
        import copydetect  # noqa: F401
    except ImportError:
        raise CallError("--similar needs copydetect; pip install 'loralab[similar]' brings it") from None


def texts(submission: Submission) -> Mapping[str, str]:
    """The Python that was handed in: each file by its exercise, a notebook's code cells together; nothing of the kit."""
    files = {
        name.removesuffix(".py"): data for name, data in submission.files.items() if not name.startswith(KIT)
    }
    result = {name: data.decode("utf-8", "replace") for name, data in files.items()}
    if submission.notebook is not None:
        result["notebook"] = "\n".join(_code_cells(submission.notebook))
    return result


def _code_cells(notebook: bytes) -> Iterable[str]:
    """The sources of a notebook's code cells; a notebook may be anything that a student sends."""
    try:
        cells = json.loads(notebook).get("cells")
    except (ValueError, AttributeError, RecursionError):
        return
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source")
            lines = source if isinstance(source, list) else [source]
            yield "".join(line for line in lines if isinstance(line, str))


def _runs(text: str) -> Runs:
    import copydetect  # only here: it brings a plotting library along

    mark = copydetect.CodeFingerprint(
        "text.py", LENGTH, 1, language="python", fp=io.StringIO(text[:_LONGEST])
    )
    return frozenset(map(int, mark.hashes))


def _pairs(name: str, runs: Mapping[str, Runs]) -> Iterable[Similar]:
    counts = Counter(run for own in runs.values() for run in own)
    common = {run for run, count in counts.items() if count > COMMON}
    particular = {student: own - common for student, own in sorted(runs.items())}
    long_enough = {student: own for student, own in particular.items() if len(own) >= LEAST}
    for (first, a), (second, b) in itertools.combinations(long_enough.items(), 2):
        both, shorter = len(a & b), min(len(a), len(b))
        if both >= SHARE * shorter:
            yield Similar(first, second, name, round(both / shorter, 4), both)
