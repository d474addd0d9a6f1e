"""Text for the terminal, Markdown, CSV, and the cleaning that all of them share."""

from __future__ import annotations

import csv
import io
import re

import pytest

from graders.feedback import pages, text
from graders.feedback.tables import grades_csv
from graders.feedback.untrusted import csv_cell, number, visible
from graders.report import Report
from tests.graders.feedback import samples

BAD = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        (None, ""),
        ("a\x00b\x1b[31m\x7f", "a␀b␛[31m␡"),
        ("a\nb\r\n", "a␊b␍␊"),
        ("\x9b\u202egnp\u2066", "‹U+009B›‹U+202E›gnp‹U+2066›"),
        ("\ud800\udcff", "��"),
        ("josé 李 👩‍🔬", "josé 李 👩‍🔬"),
        ("a" + "\u0301" * 50, "a\u0301\u0301\u0301"),
        ("x" * 2001, "x" * 2000 + "… (1 more characters)"),
    ],
)
def test_untrusted_text_is_made_visible(raw: str | None, shown: str) -> None:
    """Characters that act are shown as symbols, long text is cut; names stay as they are."""
    assert visible(raw) == shown


def test_lines_can_be_kept() -> None:
    """Where lines are kept, tabs become spaces, other controls symbols, and there is an end of lines."""
    assert visible("a\r\n\tb\x07", keep_lines=True) == "a\n    b␇"
    assert visible("\n" * 100, keep_lines=True).endswith("\n… (41 more lines)")


@pytest.mark.parametrize("report", samples.every(), ids=lambda report: ascii(report.student_id)[:20])
def test_text_holds_nothing_that_acts_on_a_terminal(report: Report) -> None:
    """Neither form holds a control or direction character; both encode, and are short enough to be read."""
    for form in (text.student_text(report), text.student_markdown(report)):
        assert not BAD.search(form)
        assert len(form.encode()) < 600_000


def test_text_of_a_failure() -> None:
    """A failed claim has its sentence, message, case, comparison, facts and replay."""
    shown = text.student_text(samples.three_failures())
    for line in (
        "· lora_with_bias   17 of 30   5 of 9 claims hold",
        "  ✗ Your layer added 4 where `alpha / rank` times the update is 2, for rank 2 and alpha 1 (0 of 4",
        "    The LoRA update is scaled by `alpha / rank`: does not hold",
        "    the exercise says: y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T",
        "    [0, 1]      4         2           2                 2  < first difference",
        "    - Right for rank 1 (12 cases), wrong for every rank above 1 (31 cases).",
        "      | x = torch.ones(1, 2, dtype=torch.float64)",
        "full_ft_optimizer      4         8          -4               0.5  < first difference",
        "     shape     (2,)    (1, 2)  < first difference",
    ):
        assert line in shown, line


def test_markdown_has_no_markup_of_a_submission() -> None:
    """Outside of code blocks, which end only where we end them, Markdown holds no markup of a submission."""
    for hostile in (*samples.HOSTILE, "```\n# <b>out</b>\n```", "a | b\n\n# c"):
        lines = text.student_markdown(samples.hostile(hostile)).split("\n")
        fence, outside = "", []
        for line in lines:
            if not fence and line.startswith("```"):
                fence = line.removesuffix("text")
            elif fence and line == fence:
                fence = ""
            elif not fence:
                outside.append(line)
        assert not fence
        assert len([line for line in outside if line.startswith("#")]) == 3
        assert not re.search("[<>`]", "\n".join(outside))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("ada@uni.edu", "ada@uni.edu"),
        ("josé", "josé"),
        ("=1+1", '"\'=1+1"'),
        ("+1", '"\'+1"'),
        ("-1", '"\'-1"'),
        ("@SUM(A1)", '"\'@SUM(A1)"'),
        (" =1", '"\' =1"'),
        ("\t=1", '"␉=1"'),
        ("\uff1d1", '"\'\uff1d1"'),
        ("a;=1+1", '"a;=1+1"'),
        ('a"b', '"a""b"'),
        (-1.5, "-1.5"),
        (71.0, "71"),
        ("", ""),
    ],
)
def test_cells_are_never_formulas(value: object, cell: str) -> None:
    """Text that a spreadsheet would calculate has a quote before it; numbers stay numbers."""
    assert csv_cell(value) == cell


def test_grades_have_a_row_for_each_student() -> None:
    """The columns in order, a row for each student, empty where an exercise was not graded."""
    half = samples.report("zoe", samples.exercise("nf4_quantization"))
    reports = [half, samples.three_failures(), *samples.all_statuses(), samples.needs_person()]
    data = grades_csv(reports)
    rows = list(csv.DictReader(io.StringIO(data, newline="")))
    assert data.endswith("\r\n")
    assert list(rows[0]) == ["student_id", "score", "max_score", *samples.EXERCISES, "status"]
    assert [row["student_id"] for row in rows] == ["ada", "edsger", "katherine", "linus", "zoe"]
    assert [row["status"] for row in rows] == [
        "graded",
        "partly_graded",
        "needs_person",
        "partly_graded",
        "graded",
    ]
    assert rows[0]["score"] == "71"
    assert rows[4]["lora_with_bias"] == ""


def test_hostile_ids_make_no_formula_and_no_row() -> None:
    """However a spreadsheet splits the lines, no cell begins like a formula, and nobody gains a row."""
    reports = [samples.perfect(student) for student in (*samples.HOSTILE_IDS, *samples.HOSTILE)]
    data = grades_csv(reports)
    for delimiter in ",;\t|":
        rows = list(csv.reader(io.StringIO(data, newline=""), delimiter=delimiter))
        assert len(rows) == len(reports) + 1
        firsts = [cell[:1] for row in rows for cell in (row if delimiter == "," else row[:1])]
        assert not set(firsts) & set("=+-@\t\r\n")


def test_run_has_what_was_measured() -> None:
    """The run as CSV has the columns that there are, and no tracebacks."""
    rows = [{"student_id": "=1", "wall_seconds": 1.5}, {"student_id": "b", "failure": "x", "details": "long"}]
    assert pages.run_csv({"students": rows}) == 'student_id,wall_seconds,failure\r\n"\'=1",1.5,\r\nb,,x\r\n'


def test_numbers_are_short() -> None:
    """Scores have two decimals at most."""
    assert [number(value) for value in (71.0, 2.5, 0.1 + 0.2, 0.0, 12)] == ["71", "2.5", "0.3", "0", "12"]
